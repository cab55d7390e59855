/** What a peer tells of itself: with its session once, and with each beat. */
import type { Random } from '../core/random.ts'
import type { NewSession } from '../ledger/ledger.ts'
import type { Mesh, MeshMetrics } from '../mesh/mesh.ts'
import { makeSessionId } from '../../protocols/ids.ts'
import type { FullReport } from './beat-news.ts'
import type { Capacity } from './capacity.ts'
import type { ClaimStatistics } from './claim-loop.ts'
import type { LeavingPayloads } from './leaving-payloads.ts'
import type { SupervisorOptions } from './supervisor-parts.ts'

export function describeSession(options: SupervisorOptions, mesh: Mesh, random: Random): NewSession {
  const { name, host, pid, version, queues, capacity, labels, timing } = options
  return {
    id: makeSessionId(random),
    peer: mesh.peer,
    name,
    host,
    pid,
    kind: 'node',
    ttlMs: timing.ttlMs,
    addrs: mesh.addrs(),
    queues: [...queues],
    capacity,
    version,
    labels,
  }
}

export interface ReportedParts {
  mesh: Mesh
  capacity: Capacity
  claims: ClaimStatistics
  attemptsFetched: number
  isDraining: boolean
  payloads: LeavingPayloads
  /** What other rooms count, for people. */
  stats?: () => Record<string, number>
}

export function reportOf(parts: ReportedParts): FullReport {
  const { mesh, capacity, claims, attemptsFetched, isDraining, payloads, stats } = parts
  return {
    busy: capacity.taken,
    connected: mesh.connected(),
    addrs: mesh.addrs(),
    draining: isDraining,
    stats: {
      claimsTried: claims.tried,
      claimsWon: claims.won,
      attemptsFetched,
      ...meshCounts(mesh.metrics()),
      ...(isDraining ? leavingCounts(payloads) : {}),
      ...stats?.(),
    },
  }
}

/** What `lf mesh status` tells of hints, and of other meshes. */
function meshCounts(metrics: MeshMetrics): Record<string, number> {
  const { hintsPublished, hintsReceived, hintsRefused, hintsDropped, publishedToNobody, foreignPeers } = metrics
  return { hintsPublished, hintsReceived, hintsRefused, hintsDropped, publishedToNobody, foreignPeers }
}

function leavingCounts({ counts: { handedOn, leaving } }: LeavingPayloads): Record<string, number> {
  return { payloadsHandedOn: handedOn, payloadsLeaving: leaving }
}

/** Which of the ready tasks this peer tries to claim at once, and which a little later if nobody else took them. */
import { placeAmong } from './rank.ts'

export interface ClaimableTask {
  id: string
  queue: string
  inputs: readonly { holder: string; sizeBytes: number }[]
}

/** What is known of a peer that could claim, this one included. */
export interface ClaimingPeer {
  session: string
  peer: string
  queues: readonly string[]
  freeCapacity: number
}

export interface ClaimSituation {
  /** Best first. */
  ready: readonly ClaimableTask[]
  self: ClaimingPeer
  /** The other live peers, as far as this one knows. */
  others: readonly ClaimingPeer[]
  /** Wait per rank, about the time that a claim and its hint need. */
  rankDelayMs: number
}

export interface ClaimDecision {
  now: string[]
  /** Soonest first. */
  later: { task: string; delayMs: number }[]
}

/** However bad its rank, a peer with free capacity tries after this time: what it knows of the others may be wrong. */
export const MAX_RANK_DELAY_MS = 500

export function decideClaims({ ready, self, others, rankDelayMs }: ClaimSituation): ClaimDecision {
  const now: string[] = []
  const later: { task: string; delayMs: number }[] = []
  const expected = new Map<string, number>()
  for (const task of ready) {
    if (!self.queues.includes(task.queue)) continue
    const rank = rankOf(task, self, others, expected)
    if (rank === 0 && now.length < self.freeCapacity) now.push(task.id)
    else later.push({ task: task.id, delayMs: Math.min(Math.max(1, rank) * rankDelayMs, MAX_RANK_DELAY_MS) })
  }
  const room = Math.max(0, self.freeCapacity - now.length)
  return { now, later: later.sort((a, b) => a.delayMs - b.delayMs).slice(0, room) }
}

/**
 * Rank of this peer among those with capacity left. Tasks are dealt out best first, so a peer that is expected to take one is
 * counted as busier for those that follow: all peers that see the same list deal it the same way.
 */
function rankOf(
  task: ClaimableTask,
  self: ClaimingPeer,
  others: readonly ClaimingPeer[],
  expected: Map<string, number>,
): number {
  const eligible = [self, ...others].filter(
    peer => peer.queues.includes(task.queue) && peer.freeCapacity - (expected.get(peer.session) ?? 0) > 0,
  )
  const { first, place } = placeAmong(
    task.id,
    eligible.map(({ session, peer }) => ({ session, peer, localBytes: localBytes(task, peer) })),
    self.session,
  )
  if (first !== undefined) expected.set(first.session, (expected.get(first.session) ?? 0) + 1)
  // Already expected to be full with what came before: after everybody else.
  return place === -1 ? eligible.length + 1 : place
}

/** Bytes of its inputs that this peer (id) holds. */
export function localBytes(task: Pick<ClaimableTask, 'inputs'>, peer: string): number {
  let sum = 0
  for (const { holder, sizeBytes } of task.inputs) if (holder === peer) sum += sizeBytes
  return sum
}

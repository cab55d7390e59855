/** What a person does with a peer through the ledger: ask it to drain, evict it. Nobody has to be alive for it. */
import type { Clock } from '../core/clock.ts'
import { LightflowError } from '../core/errors.ts'
import type { SessionRecord, TaskRecord } from '../lease/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { leastNeedy } from '../workflow/needs.ts'
import type { BeatWatch } from './beat-watch.ts'
import { findPeer, leftInOrder } from './find-peer.ts'
import { iso } from './run-views.ts'
import type { DrainView, EvictView, HeldTaskView, NamedPeerView, PeerWorkView } from './views.ts'
import { whoAmI } from './who-am-i.ts'

export interface PeerActionParts {
  ledger: Ledger
  clock: Clock
  beats: BeatWatch
}

/** A living peer's beat moves on between the look at it and its burial. */
const MAX_BURIAL_TRIES = 20
/** Tasks taken from the dead in one step. */
const MAX_RECLAIMS = 500
/** A session that is waited for has ended at most so long ago. */
const ENDED_RECENTLY_MS = 3_600_000
/** Between two looks at a peer that drains. */
const DRAIN_POLL_MS = 200

/** The peer that is meant, and what it holds. Throws what {@link findPeer} throws. */
export async function peerWork({ ledger }: PeerActionParts, wanted: string): Promise<PeerWorkView> {
  const session = findPeer(wanted, await ledger.sessions(0))
  const claims = await ledger.claimsOf(session.id)
  const tasks = await Promise.all(claims.map(({ task }) => ledger.task(task)))
  return { ...named(session), tasks: heldTasks(tasks) }
}

/**
 * `LF_PEER_PROCESS_GONE` when nobody is behind the session any more. Who left in order lately is given as `left`: a script that asks
 * twice has what it wants.
 */
export async function drainPeer(parts: PeerActionParts, wanted: string): Promise<DrainView> {
  const { ledger, clock } = parts
  const sessions = await ledger.sessions(0)
  const left = leftInOrder(wanted, sessions)
  if (left !== undefined && clock.wallMs() - (left.deadAt ?? 0) < ENDED_RECENTLY_MS) return drainView(parts, left.id)
  const session = findPeer(wanted, sessions)
  const [verdict] = await ledger.probe([session.id])
  if (verdict?.verdict === 'gone') throw processGone(session)
  // It may have ended since: then the second look says how.
  if (!(await ledger.requestDrain(session.id, whoAmI()))) findPeer(session.id, await ledger.sessions(0))
  return drainView(parts, session.id)
}

/** Resolves when the peer is gone, in whatever way, or `signal` aborts. */
export async function waitUntilLeft(
  parts: PeerActionParts,
  session: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (view: DrainView) => void },
): Promise<DrainView> {
  for (;;) {
    const view = await drainView(parts, session)
    onProgress?.(view)
    if (view.state === 'left' || view.state === 'dead' || signal?.aborted === true) return view
    await parts.clock.sleep(DRAIN_POLL_MS, signal)
  }
}

async function drainView({ ledger, beats, clock }: PeerActionParts, id: string): Promise<DrainView> {
  const sessions = await ledger.sessions(clock.wallMs() - ENDED_RECENTLY_MS)
  const session = sessions.find(other => other.id === id)
  if (session === undefined) throw new LightflowError('LF_UNKNOWN_PEER', `There is no session "${id}" in this ledger.`)
  const silentMs = beats.look(sessions).get(id) ?? 0
  const others = sessions.filter(({ kind, state, drainAsked }) => {
    return kind === 'node' && state === 'alive' && drainAsked === undefined
  })
  const served = new Set(others.flatMap(({ queues }) => queues))
  const running = session.state === 'dead' ? [] : (await ledger.claimsOf(id)).map(({ task }) => task)
  return {
    ...named(session),
    state: session.state === 'dead' ? (session.deathProof === 'left' ? 'left' : 'dead') : 'draining',
    heard: session.state === 'draining',
    askedBy: session.drainAsked?.by ?? null,
    running,
    silentMs,
    unservedQueues: leastNeedy(session.queues.filter(queue => !served.has(queue))),
    ...leavingPayloads(session),
    ...(session.deathProof === null ? {} : { deathProof: session.deathProof }),
  }
}

function leavingPayloads({ stats }: SessionRecord): Pick<DrainView, 'payloads'> {
  const { payloadsHandedOn: handedOn = 0, payloadsLeaving: leaving = 0 } = stats
  return handedOn + leaving === 0 ? {} : { payloads: { handedOn, leaving } }
}

/** Buries the peer at once; says what became of what it held. */
export async function evictPeer({ ledger }: PeerActionParts, wanted: string): Promise<EvictView> {
  const by = whoAmI()
  const held = new Set<string>()
  const session = await buryNow(ledger, wanted, { by, held })
  for (const { task } of await ledger.claimsOf(session.id)) held.add(task)
  for (;;) {
    const reclaimed = await ledger.reclaim(MAX_RECLAIMS)
    for (const { task, from } of reclaimed) if (from === session.id) held.add(task)
    if (reclaimed.length < MAX_RECLAIMS) break
  }
  const tasks = await Promise.all([...held].map(task => ledger.task(task)))
  return { ...named(session), evictedBy: by, tasks: heldTasks(tasks) }
}

async function buryNow(
  ledger: Ledger,
  wanted: string,
  { by, held }: { by: string; held: Set<string> },
): Promise<SessionRecord> {
  for (let tries = 1; ; tries++) {
    const session = findPeer(wanted, await ledger.sessions(0))
    for (const { task } of await ledger.claimsOf(session.id)) held.add(task)
    if (await ledger.bury(session.id, await beatOf(ledger, session), 'evicted', by)) return session
    if (tries >= MAX_BURIAL_TRIES) throw beatsTooFast(session)
  }
}

/** As fresh as can be: only the burial that names the last beat is carried out. */
async function beatOf(ledger: Ledger, { id, beat }: SessionRecord): Promise<number> {
  return (await ledger.sessions()).find(session => session.id === id)?.beat ?? beat
}

function named({ peer, id, name, host, pid }: SessionRecord): NamedPeerView {
  return { peer, session: id, name, host, pid }
}

function heldTasks(tasks: readonly (TaskRecord | undefined)[]): HeldTaskView[] {
  return tasks.flatMap(task => {
    if (task === undefined) return []
    const { id, run, dag, name, state, effect, notBefore } = task
    return [
      {
        id,
        run,
        task: `${dag}/${name}`,
        state,
        effect,
        ...(state === 'ready' && notBefore !== null ? { notBefore: iso(notBefore) } : {}),
        ...(state === 'claimed' ? { peer: task.history.at(-1)?.peer ?? '' } : {}),
      },
    ]
  })
}

function processGone({ name, host, pid }: SessionRecord): LightflowError {
  return new LightflowError('LF_PEER_PROCESS_GONE', `The process of peer "${name}" (${pid} on ${host}) is gone.`, {
    hint: `It cannot drain. Other peers bury it by themselves; when none is alive: lf mesh evict ${name}`,
  })
}

function beatsTooFast({ name }: SessionRecord): LightflowError {
  return new LightflowError(
    'LF_PEER_NOT_BURIED',
    `The peer "${name}" could not be buried: its beat moved on each time.`,
    {
      hint: 'Try again.',
    },
  )
}

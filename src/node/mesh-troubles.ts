/** What in the mesh needs a person, each with what to do. Pure: a reading in, a list out, the worst first. */
import type { SessionRecord, TaskRecord } from '../lease/records.ts'
import { hasNeeds, nodeCommand, queueWithNeeds, serves } from '../workflow/needs.ts'
import type { MeshReading } from './read-mesh.ts'
import { iso } from './run-views.ts'
import type { PeerView, TroubleView } from './views.ts'

/** A ready task that free peers leave lying for this long is stuck. */
const STUCK_READY_MS = 10_000
/** A task that is over its time is killed by its peer; when it is not after this long, something is wrong there. */
const OVERDUE_GRACE_MS = 15_000
/** A peer this young may not have met everybody. */
const YOUNG_PEER_MS = 15_000
/** A peer that left in order is remembered for this long. */
const OUTDATED_SHOWN_MS = 3_600_000
const DEFAULT_QUEUE = 'task'
/** Of one kind. */
const MAX_OF_A_KIND = 20

export function troubles(reading: MeshReading, peers: readonly PeerView[]): TroubleView[] {
  return [
    lostTasks(reading),
    noPeer(reading, peers),
    silentPeers(peers),
    unservedQueues(reading, peers),
    deadPeers(peers),
    outdatedPeers(reading),
    brokenLinks(reading, peers),
    overdueTasks(reading),
    stuckReady(reading),
    heldByNobody(reading),
    quarantined(reading),
    versions(peers),
    foreigners(reading),
  ].flatMap(list => list.slice(0, MAX_OF_A_KIND))
}

/** What keeps one run from going on; of the mesh only what has to do with it. */
export function troublesOfRun(reading: MeshReading, peers: readonly PeerView[]): TroubleView[] {
  const holders = peers.filter(({ running }) => running.length > 0)
  return [
    lostTasks(reading),
    noPeer(reading, peers),
    silentPeers(holders),
    unservedQueues(reading, peers),
    overdueTasks(reading),
    stuckReady(reading),
    heldByNobody(reading),
  ].flatMap(list => list.slice(0, MAX_OF_A_KIND))
}

function lostTasks({ runs }: MeshReading): TroubleView[] {
  return tasksOf(runs, 'lost').map(task => ({
    kind: 'lost',
    message: `${task.id} is lost: its peer ${lastPeer(task)} died while it ran, and it must not run twice.`,
    command: `lf workflow resolve ${task.run} ${task.dag}/${task.name}`,
    run: task.run,
    task: task.id,
    since: sinceEnd(task),
  }))
}

/** Of no interest while there is nothing to do. */
function noPeer({ runs, backlog }: MeshReading, peers: readonly PeerView[]): TroubleView[] {
  const isWork = runs.length > 0 || Object.values(backlog).some(count => count > 0)
  if (!isWork || livePeers(peers).length > 0) return []
  return [{ kind: 'no-peer', message: 'No peer is alive: nothing runs.', command: 'lf node' }]
}

/** Without any peer that is said already, once. */
function unservedQueues({ backlog }: MeshReading, peers: readonly PeerView[]): TroubleView[] {
  const live = livePeers(peers)
  if (live.length === 0) return []
  return Object.entries(backlog)
    .filter(([queue, count]) => count > 0 && !live.some(peer => serves(peer, queue)))
    .map(([queue, count]) => ({
      kind: 'unserved',
      message: `${count} ready ${count === 1 ? 'task waits' : 'tasks wait'}: no peer serves queue ${queue}.`,
      command: nodeCommand([queue], DEFAULT_QUEUE),
      queue,
    }))
}

function silentPeers(peers: readonly PeerView[]): TroubleView[] {
  return peers
    .filter(({ state, silentMs }) => state !== 'dead' && silentMs > 0)
    .map(({ name, running, silentMs, lastBeatAt }) => ({
      kind: 'silent',
      message:
        `${name} has sent no beat for ${Math.round(silentMs / 1000)} s: frozen, or cut off from the ledger.` +
        (running.length > 0 ? ` It holds ${running.length} ${running.length === 1 ? 'task' : 'tasks'}.` : ''),
      command: `lf mesh evict ${name}`,
      peer: name,
      since: lastBeatAt,
    }))
}

const WHY: Record<string, string> = {
  lock: 'its process is gone',
  silence: 'its beat stopped',
  refused: 'its port refuses connections',
  restart: 'it was replaced',
}

/** An evicted peer is not missed: somebody wanted it so. */
function deadPeers(peers: readonly PeerView[]): TroubleView[] {
  return peers
    .filter(({ state, deathProof }) => state === 'dead' && deathProof !== 'evicted')
    .map(({ name, host, queues, resources, deadAt, deathProof, lastBeatAt }) => ({
      kind: 'missing',
      message: `${name} on ${host} is missing: ${WHY[deathProof ?? ''] ?? 'it was buried'}.`,
      command: nodeCommand(
        queues.map(queue => queueWithNeeds(queue, resources)),
        DEFAULT_QUEUE,
      ).replace('lf node', `lf node --name ${name}`),
      peer: name,
      since: deadAt ?? lastBeatAt,
    }))
}

/** Until one of the name is there again: a peer that left for this was wanted where it was. */
function outdatedPeers({ sessions, nowMs }: MeshReading): TroubleView[] {
  const nodes = sessions.filter(({ kind }) => kind === 'node')
  const isOutdated = ({ stats }: SessionRecord): boolean => (stats['sourcesChanged'] ?? 0) > 0
  const isThereAgain = ({ name }: SessionRecord): boolean =>
    nodes.some(other => other.name === name && other.state !== 'dead' && !isOutdated(other))
  return nodes
    .filter(session => isOutdated(session) && !isThereAgain(session))
    .filter(({ state, deadAt }) => state !== 'dead' || nowMs - (deadAt ?? 0) < OUTDATED_SHOWN_MS)
    .map(({ name, host, state, queues, beatAt, deadAt }) => {
      const command = nodeCommand(queues, DEFAULT_QUEUE)
      const why = `since Lightflow was changed on ${host} while it ran`
      const trouble = { kind: 'outdated' as const, peer: name, since: iso(deadAt ?? beatAt) }
      if (state === 'dead') {
        const again = command.replace('lf node', `lf node --name ${name}`)
        return { ...trouble, message: `${name} has left, ${why}: start it again.`, command: again }
      }
      // Its name is taken while it is there, which may be long: what it runs may wait for tasks that nobody else takes.
      return {
        ...trouble,
        message: `${name} takes no tasks and leaves, ${why}: start another one there, now.`,
        command,
      }
    })
}

/** A link counts as there when both sides see it; a link that only one side sees is named as such. */
function brokenLinks({ sessions, nowMs }: MeshReading, peers: readonly PeerView[]): TroubleView[] {
  const young = new Set(
    sessions.filter(({ startedAt }) => nowMs - startedAt < YOUNG_PEER_MS).map(({ id }: SessionRecord) => id),
  )
  const live = livePeers(peers).filter(({ session }) => !young.has(session))
  // Pairs are many in a large mesh: each is looked up.
  const linked = new Map(live.map(({ session, connected }) => [session, new Set(connected)]))
  return live.flatMap((one, index) =>
    live.slice(index + 1).flatMap((other): TroubleView[] => {
      const seen = [linked.get(one.session)?.has(other.name), linked.get(other.session)?.has(one.name)]
      if (seen.every(Boolean)) return []
      const message = seen[0]
        ? `${one.name} is connected to ${other.name}, which does not see it.`
        : seen[1]
          ? `${other.name} is connected to ${one.name}, which does not see it.`
          : `${one.name} and ${other.name} are not connected.`
      return [{ kind: 'link', message, peer: one.name, otherPeer: other.name }]
    }),
  )
}

function overdueTasks({ runs, nowMs }: MeshReading): TroubleView[] {
  return tasksOf(runs, 'claimed')
    .filter(({ timeoutMs, claimedAt }) => {
      return timeoutMs !== null && claimedAt !== null && nowMs - claimedAt > timeoutMs + OVERDUE_GRACE_MS
    })
    .map(task => ({
      kind: 'overdue',
      message: `${task.id} runs on ${lastPeer(task)} longer than its timeout of ${(task.timeoutMs ?? 0) / 1000} s.`,
      command: `lf workflow logs ${task.run} ${task.dag}/${task.name}`,
      run: task.run,
      task: task.id,
      peer: lastPeer(task),
      since: iso(task.claimedAt ?? task.createdAt),
    }))
}

function stuckReady({ runs, sessions, nowMs }: MeshReading): TroubleView[] {
  const free = sessions.filter(({ kind, state, busy, capacity, drainAsked }) => {
    return kind === 'node' && state === 'alive' && busy < capacity && drainAsked === undefined
  })
  return runs
    .flatMap(({ ready }) => ready)
    .flatMap((task): TroubleView[] => {
      // A task of a large DAG has its place in the line from before it was there.
      const sinceMs = Math.max(task.readyAt ?? 0, task.createdAt, task.notBefore ?? 0)
      const peer = free.find(({ queues }) => queues.includes(task.queue))
      // How much of its resources a peer has free is not known here.
      if (peer === undefined || hasNeeds(task.queue) || nowMs - sinceMs < STUCK_READY_MS) return []
      const waits = Math.round((nowMs - sinceMs) / 1000)
      return [
        {
          kind: 'stuck',
          message: `${task.id} is ready for ${waits} s and nobody takes it, although ${peer.name} has room.`,
          command: `lf workflow show ${task.run}`,
          run: task.run,
          task: task.id,
          since: iso(sinceMs),
        },
      ]
    })
}

/** Nobody has taken them from the dead: nobody is there, or nobody sweeps. */
function heldByNobody({ runs, sessions }: MeshReading): TroubleView[] {
  const nodes = sessions.filter(({ kind }) => kind === 'node')
  const live = new Set(nodes.filter(({ state }) => state !== 'dead').map(({ id }) => id))
  return tasksOf(runs, 'claimed')
    .filter(({ owner }) => !live.has(owner ?? ''))
    .map(task => ({
      kind: 'orphan',
      message: `${task.id} is held by ${lastPeer(task)}, which is dead: it is taken over ${live.size > 0 ? 'soon' : 'when a peer is alive'}.`,
      run: task.run,
      task: task.id,
      peer: lastPeer(task),
      since: iso(task.claimedAt ?? task.createdAt),
    }))
}

function quarantined({ failed }: MeshReading): TroubleView[] {
  return failed
    .filter(({ stop }) => stop?.error?.code === 'LF_TASK_QUARANTINED')
    .map(({ id, stop, endedAt, createdAt }) => ({
      kind: 'quarantined',
      message: `${id} failed: ${stop?.error?.message ?? ''}`,
      command: `lf workflow logs ${id}`,
      run: id,
      ...(stop === null ? {} : { task: stop.by }),
      since: iso(endedAt ?? createdAt),
    }))
}

function versions(peers: readonly PeerView[]): TroubleView[] {
  const byVersion = Map.groupBy(livePeers(peers), ({ version }) => version)
  if (byVersion.size < 2) return []
  const told = Array.from(byVersion, ([version, of]) => `${version} (${of.map(({ name }) => name).join(', ')})`)
  return [{ kind: 'versions', message: `The peers differ in version: ${told.join(', ')}.` }]
}

/** Told once, by the peer that sees most of them: on one network all see the same. */
function foreigners({ sessions }: MeshReading): TroubleView[] {
  const seenBy = ({ state, stats }: SessionRecord) => (state === 'dead' ? 0 : (stats['foreignPeers'] ?? 0))
  const [most] = sessions.toSorted((one, other) => seenBy(other) - seenBy(one))
  if (most === undefined || seenBy(most) === 0) return []
  const [count, { name }] = [seenBy(most), most]
  return [
    {
      kind: 'foreign',
      message: `${name} sees ${count} ${count === 1 ? 'peer' : 'peers'} of another mesh on this network; its log names them. To join this mesh, a peer uses this ledger.`,
      peer: name,
    },
  ]
}

function livePeers(peers: readonly PeerView[]): PeerView[] {
  return peers.filter(({ state }) => state !== 'dead')
}

function tasksOf(runs: MeshReading['runs'], state: 'claimed' | 'lost'): TaskRecord[] {
  return runs.flatMap(({ inWork }) => inWork.filter(task => task.state === state))
}

function lastPeer({ history }: TaskRecord): string {
  return history.at(-1)?.peer ?? 'nobody'
}

function sinceEnd({ history, createdAt }: TaskRecord): string {
  const last = history.at(-1)
  return iso(last?.endedAt ?? last?.claimedAt ?? createdAt)
}

/**
 * The composition root of a peer: the only file that puts ledger, mesh, payloads, workers and supervisor together, in the order in
 * which they can start, and takes them apart in the opposite order.
 */
import { availableParallelism, hostname } from 'node:os'
import { getCompileCacheDir } from 'node:module'
import { dirname, join } from 'node:path'
import { systemClock } from '../core/clock.ts'
import { hasCode, LightflowError } from '../core/errors.ts'
import { type Log, silentLog } from '../core/log.ts'
import { systemRandom } from '../core/random.ts'
import { TidyHeap } from '../core/tidy-heap.ts'
import type { ClaimedTask, Ledger } from '../ledger/ledger.ts'
import type { Mesh, PeerStreams } from '../mesh/mesh.ts'
import { PeerPayloads } from '../payload/peer-payloads.ts'
import { untilThere } from '../supervisor/patience.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import type { Timing } from '../supervisor/timing.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import { ThreadPool } from '../workers/threads/thread-pool.ts'
import { checkName } from '../../protocols/ids.ts'
import { BundleFiles } from './bundle-files.ts'
import { answerDoorbell, ringDoorbell } from './doorbell.ts'
import type { NodeOptions, PeerHandle } from './client-api.ts'
import { logEvents } from './log-events.ts'
import { liveRuns, neededPayloads } from './needed-payloads.ts'
import { openLedger, timingOf } from './open-ledger.ts'
import { OutputFiles } from './output-files.ts'
import { ScratchFolders } from './scratch-folders.ts'
import { DEFAULT_QUEUE } from '../workflow/make-plan.ts'
import { checkAmounts, servedQueues } from '../workflow/needs.ts'
import { defaultPeerName, describeLedger, peerKeyFile, resolveHome, resolveLedger, sharedFolders } from './settings.ts'
import { directHost } from './direct-host.ts'
import type { SharedFolders } from './settings.ts'
import { version } from './version.ts'

export interface StartPeerOptions extends NodeOptions {
  log?: Log
}

const parts = { clock: systemClock, random: systemRandom }
/** Peers of one machine that share a home folder and were not given names. */
const MAX_PEERS_PER_NAME = 200
/** Each running task has a thread of its own. */
const MAX_CAPACITY = 1024

/** Starts a peer in this process. Throws a LightflowError, and leaves nothing running, when it cannot. */
export async function startPeer(options: StartPeerOptions = {}): Promise<PeerHandle> {
  checkOptions(options)
  const { log = silentLog } = options
  const home = resolveHome(options.home, process.env)
  const location = resolveLedger(options.ledger, process.env, home)
  const timing = timingOf(location)
  // A machine may boot before its database does.
  const patience = { ...parts, log, timing, signal: options.signal ?? new AbortController().signal }
  const ledger = await untilThere(
    () => openLedger(location, { ...parts, log }, { create: true }),
    patience,
    error => hasCode(error, 'LF_LEDGER_UNREACHABLE'),
  )
  try {
    const peer = await startUnderFreeName(options, {
      home,
      ledger,
      log,
      folders: sharedFolders(location),
      timing,
    })
    return peerHandle(peer, describeLedger(location))
  } catch (error) {
    await ledger.close()
    throw error
  }
}

interface Place {
  home: string
  ledger: Ledger
  log: Log
  folders: SharedFolders
  timing: Timing
}

interface RunningPeer {
  name: string
  ledger: Ledger
  mesh: Mesh
  payloads: PeerPayloads
  workers: ThreadPool
  supervisor: Supervisor
  tidy: TidyHeap
  sources: Sources
  endBell: () => void
  endLog: () => void
  log: Log
}

/** What threads of tasks are started from. */
interface Sources {
  /** They are others than those of the peer: it can begin no task any more. */
  areChanged: boolean
  readonly changed: Promise<void>
}

/** A name that was asked for must be free; the default one gets a number when it is taken. */
async function startUnderFreeName(options: StartPeerOptions, place: Place): Promise<RunningPeer> {
  if (options.name !== undefined) return startNamed(options.name, options, place)
  const base = defaultPeerName()
  const live = new Set((await place.ledger.sessionHeads()).map(({ name }) => name))
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`
    if (live.has(name) && number < MAX_PEERS_PER_NAME && (await isAlive(name, place.ledger))) continue
    try {
      return await startNamed(name, options, place)
    } catch (error) {
      if (!hasCode(error, 'LF_PEER_ALREADY_RUNNING') || number >= MAX_PEERS_PER_NAME) throw error
    }
  }
}

async function isAlive(name: string, ledger: Ledger): Promise<boolean> {
  const sessions = (await ledger.sessionHeads()).filter(session => session.name === name)
  const verdicts = await ledger.probe(sessions.map(({ id }) => id))
  return verdicts.some(({ verdict }) => verdict !== 'gone')
}

async function startNamed(
  name: string,
  options: StartPeerOptions,
  { home, ledger, log, folders, timing }: Place,
): Promise<RunningPeer> {
  const mesh = await makeMesh(name, options, { home, ledger, log })
  await mesh.start()
  const payloads = makePayloads(options, { ledger, mesh, log, folders })
  payloads.start()
  const capacity = capacityOf(options)
  const changed = Promise.withResolvers<void>()
  const sources: Sources = { areChanged: false, changed: changed.promise }
  const onOtherSources = (): void => {
    sources.areChanged = true
    changed.resolve()
  }
  const workers = new ThreadPool(parts, { capacity, codeCacheFolder: codeCacheFolder(home), onOtherSources })
  const supervisor = makeSupervisor(name, options, {
    ledger,
    mesh,
    payloads,
    workers,
    log,
    folders,
    timing,
    sources,
  })
  const endLog = logEvents(supervisor.events, log)
  supervisor.events.on('run:ended', () => void ringDoorbell(folders.endBell, parts.clock))
  const leave = () => void supervisor.stop()
  let endBell = () => {}
  options.signal?.addEventListener('abort', leave, { once: true })
  try {
    // An abort while the mesh was starting came before anybody listened for it.
    if (options.signal?.aborted === true) {
      throw new LightflowError('LF_PEER_LEAVING', 'The peer was stopped before it had joined the mesh.')
    }
    await supervisor.start()
    endBell = await answerDoorbell(folders.doorbell, () => supervisor.lookSoon(), log)
  } catch (error) {
    endLog()
    await Promise.all([workers.close(), payloads.stop()])
    await mesh.stop()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', leave)
  }
  const tidy = new TidyHeap(parts)
  supervisor.events.on('task:claimed', () => tidy.noteWork())
  tidy.start()
  return { name, ledger, mesh, payloads, workers, supervisor, tidy, sources, endBell, endLog, log }
}

async function makeMesh(
  name: string,
  { listen, announce, join: addrs, mdns, gossip }: StartPeerOptions,
  { home, ledger, log }: { home: string; ledger: Ledger; log: Log },
): Promise<Mesh & PeerStreams> {
  // libp2p takes a third of a second to load: only peers pay for it.
  const [{ createLibp2pMesh }, { loadIdentity }] = await Promise.all([
    import('../mesh/libp2p/libp2p-mesh.ts'),
    import('../mesh/libp2p/identity.ts'),
  ])
  return createLibp2pMesh({
    identity: await loadIdentity(peerKeyFile(home, name)),
    incarnation: ledger.incarnation,
    listen,
    announce,
    join: addrs,
    mdns,
    gossip,
    log,
    ...parts,
  })
}

function makePayloads(
  { listen }: StartPeerOptions,
  { ledger, mesh, log, folders }: { ledger: Ledger; mesh: Mesh & PeerStreams; log: Log; folders: SharedFolders },
): PeerPayloads {
  return new PeerPayloads({
    ...parts,
    folder: folders.payloads,
    network: mesh,
    log,
    needed: hashes => neededPayloads(ledger, hashes),
    liveRuns: () => liveRuns(ledger),
    direct: { host: directHost(listen) },
  })
}

interface Wiring {
  ledger: Ledger
  mesh: Mesh
  payloads: PeerPayloads
  workers: WorkerPool
  log: Log
  folders: SharedFolders
  timing: Timing
  sources: Sources
}

function makeSupervisor(
  name: string,
  options: StartPeerOptions,
  { ledger, mesh, payloads, workers, log, folders, timing, sources }: Wiring,
): Supervisor {
  const bundles = new BundleFiles(folders.bundles, systemRandom)
  const outputs = new OutputFiles(folders.outputs, log)
  const scratch = new ScratchFolders(folders.scratch)
  return new Supervisor(
    {
      ...parts,
      ledger,
      mesh,
      workers,
      log,
      payloads: payloads.store,
      namedFiles: payloads.named,
      stats: () => ({ ...payloads.stats(), ...(sources.areChanged ? { sourcesChanged: 1 } : {}) }),
      bundleFile: hash => bundles.fileOf(hash, ledger),
      scratchOf: claimed => scratch.folderOf(claimed),
      removeScratch: async claimed => {
        if (outputs.areOpen) await outputs.close(placeOf(claimed))
        await scratch.remove(claimed)
      },
      output: (claimed, stream, line) => outputs.write(placeOf(claimed), stream, line),
    },
    {
      name,
      host: hostname(),
      pid: process.pid,
      version,
      queues: servedQueues(options.queues ?? [DEFAULT_QUEUE], options.resources ?? {}),
      resources: options.resources ?? {},
      capacity: capacityOf(options),
      labels: options.labels ?? {},
      timing,
    },
  )
}

function peerHandle(peer: RunningPeer, ledger: string): PeerHandle {
  const { supervisor, mesh, name } = peer
  const closed = Promise.withResolvers<void>()
  const drainAsked = Promise.withResolvers<string>()
  let leaving: Promise<void> | null = null
  let failure: { error: unknown } | null = null
  const leave = (first: () => Promise<void>): Promise<void> => {
    leaving ??= takeApart(peer, first).then(
      () => (failure === null ? closed.resolve() : closed.reject(failure.error)),
      error => closed.reject(failure === null ? error : failure.error),
    )
    return closed.promise
  }
  /** Also in the middle of a drain, which then ends. */
  const stop = async (): Promise<void> => {
    await Promise.all([leaving === null ? null : supervisor.stop(), leave(() => supervisor.stop())])
  }
  supervisor.events.on('gave-up', ({ error }) => {
    failure ??= { error }
    stop().catch(() => {})
  })
  const leaveAsOutdated = (): void => {
    if (leaving !== null) return
    const error = sourcesChanged()
    peer.log.error(`${error.message} ${error.hint}`)
    failure ??= { error }
    leave(() => supervisor.drain()).catch(() => {})
  }
  void peer.sources.changed.then(leaveAsOutdated)
  supervisor.events.on('drain-asked', ({ by }) => {
    drainAsked.resolve(by)
    leave(() => supervisor.drain()).catch(() => {})
  })
  // A caller that never looks at `closed` must not turn a failure into an unhandled rejection.
  closed.promise.catch(() => {})
  return {
    name,
    peer: mesh.peer,
    ledger,
    get session() {
      return supervisor.session
    },
    addrs: () => mesh.addrs(),
    attempts: () => supervisor.attempts,
    stuckThreads: () => peer.workers.stuckThreads,
    drain: () => leave(() => supervisor.drain()),
    stop,
    closed: closed.promise,
    drainAsked: drainAsked.promise,
  }
}

async function takeApart(
  { ledger, mesh, payloads, workers, tidy, endBell, endLog }: RunningPeer,
  leave: () => Promise<void>,
): Promise<void> {
  endBell()
  tidy.stop()
  try {
    await leave()
  } finally {
    await workers.close()
    await payloads.stop()
    await mesh.stop()
    await ledger.close()
    endLog()
  }
}

function sourcesChanged(): LightflowError {
  const message =
    'Lightflow was changed here while this peer was running: it takes no task any more, finishes those that run, and leaves.'
  return new LightflowError('LF_SOURCES_CHANGED', message, {
    hint: 'Start another one now, what runs here may wait for it: lf node.',
  })
}

function capacityOf({ capacity = availableParallelism() }: StartPeerOptions): number {
  return capacity
}

function checkOptions({ name, queues, capacity, resources }: StartPeerOptions): void {
  if (name !== undefined) checkName('peer', name)
  for (const queue of queues ?? []) checkName('queue', queue)
  servedQueues(queues ?? [DEFAULT_QUEUE], checkAmounts('A peer has', resources ?? {}))
  if (capacity !== undefined && !(Number.isInteger(capacity) && capacity >= 1 && capacity <= MAX_CAPACITY)) {
    throw new LightflowError('LF_CAPACITY', `${capacity} cannot be the capacity of a peer.`, {
      hint: `Give a whole number from 1 to ${MAX_CAPACITY}: how many tasks it runs at once.`,
    })
  }
}

/** That of this process, where threads find what is compiled already; with none, one in the home. */
function codeCacheFolder(home: string): string {
  const own = getCompileCacheDir()
  return own === undefined ? join(home, 'cache', 'code') : dirname(own)
}

function placeOf({ task }: ClaimedTask): { run: string; dag: string; task: string; epoch: number } {
  return { run: task.run, dag: task.dag, task: task.name, epoch: task.epoch }
}

/**
 * The one place where decisions meet effects. A supervisor belongs to one peer: it keeps the peer's session, claims what the peer
 * may run, runs it, records it, tells the others, and takes its share of looking after everybody. It is in charge of nobody: all
 * it does is repeated safely by any other peer.
 *
 * It never runs user code (workers do), never talks to the network (the mesh does) and never decides what is legal (the ledger does).
 */
import type { Clock } from '../core/clock.ts'
import { type ErrorRecord, toErrorRecord } from '../core/errors.ts'
import { EventHub, type EventSource } from '../core/events.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import type { SessionRecord } from '../lease/records.ts'
import type { ClaimedTask, Completion, HandOn, Ledger, NewSession, ReclaimedTask } from '../ledger/ledger.ts'
import type { Member, Mesh, ReceivedHint } from '../mesh/mesh.ts'
import type { PayloadStore } from '../payload/payload-store.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import { ANY_QUEUE } from '../../protocols/hints.ts'
import { makeClaimId, makeSessionId } from '../../protocols/ids.ts'
import { Attempt, type Ending } from './attempt.ts'
import { RepeatedTurn } from './background.ts'
import { Capacity } from './capacity.ts'
import { ClaimLoop, type ClaimStatistics } from './claim-loop.ts'
import type { SupervisorEvents } from './events.ts'
import { JoinWatch } from './join-watch.ts'
import { AttemptJobHost } from './job-host.ts'
import { findStrays } from './reconcile.ts'
import { LoadBoard } from './load-board.ts'
import { SessionKeeper } from './session-keeper.ts'
import { Sweep } from './sweep.ts'
import type { Timing } from './timing.ts'

export interface SupervisorParts {
  ledger: Ledger
  mesh: Mesh
  payloads: PayloadStore
  workers: WorkerPool
  clock: Clock
  random: Random
  log: Log
  /** Path of the file with this bundle. */
  bundleFile: (hash: string) => Promise<string>
  makeScratch: (claimed: ClaimedTask) => Promise<string>
  removeScratch: (claimed: ClaimedTask) => Promise<void>
  /** Keeps a line that a task wrote. */
  output: (claimed: ClaimedTask, stream: 'stdout' | 'stderr', line: string) => void
}

export interface SupervisorOptions {
  name: string
  host: string
  pid: number
  version: string
  queues: readonly string[]
  capacity: number
  labels: Record<string, string>
  timing: Timing
}

interface Running {
  attempt: Attempt
  host: AttemptJobHost
  parked: boolean
  over: Promise<void>
}

/** Successors in a row that a peer hands on to itself before others get their chance (H12). */
const MAX_CHAIN = 8
/** Between two comparisons of what the ledger says this peer holds with what it runs. */
const RECONCILE_EVERY_MS = 10_000

export class Supervisor {
  readonly #parts: SupervisorParts
  readonly #options: SupervisorOptions
  readonly #events: EventHub<SupervisorEvents>
  readonly #capacity: Capacity
  readonly #board = new LoadBoard()
  readonly #joins: JoinWatch
  readonly #keeper: SessionKeeper
  readonly #claims: ClaimLoop
  readonly #sweep: Sweep
  readonly #standings: RepeatedTurn
  readonly #running = new Map<string, Running>()
  readonly #gaveUp = new AbortController()
  #listeners: (() => void)[] = []
  #strays: ReadonlySet<string> = new Set()
  #reconciledMs = Number.NEGATIVE_INFINITY
  #draining = false
  #stopping: Promise<void> | null = null

  constructor(parts: SupervisorParts, options: SupervisorOptions) {
    const { ledger, clock, random, log, mesh } = parts
    const { timing } = options
    this.#parts = parts
    this.#options = options
    this.#events = new EventHub(error => log.error('a listener failed', { error }))
    this.#capacity = new Capacity(options.capacity)
    this.#joins = new JoinWatch({ ledger, clock })
    this.#keeper = new SessionKeeper({
      ledger,
      clock,
      log,
      timing,
      describe: () => this.#describe(),
      report: () => ({
        busy: this.#capacity.taken,
        connected: mesh.connected(),
        addrs: mesh.addrs(),
        draining: this.#draining,
        stats: { claimsTried: this.claimStatistics.tried, claimsWon: this.claimStatistics.won },
      }),
      onFence: reason => this.#fence(reason),
      onOpen: session => this.#opened(session),
    })
    this.#claims = new ClaimLoop({
      ledger,
      clock,
      random,
      log,
      timing,
      capacity: this.#capacity,
      self: () => this.#claimant(),
      others: () => this.#board.others(this.#keeper.session),
      start: claimed => this.#start(claimed, 0),
      rankDelayMs: timing.rankDelayMs,
      signal: this.#gaveUp.signal,
    })
    this.#sweep = new Sweep({
      ledger,
      clock,
      random,
      log,
      timing,
      self: () => this.#keeper,
      onSessions: sessions => this.#noteSessions(sessions),
      onBuried: (session, proof) => this.#noteBurial(session, proof),
      onReclaimed: tasks => this.#noteReclaimed(tasks),
      afterwards: () => this.#checkOwn(),
    })
    this.#standings = new RepeatedTurn(clock, () => this.#verifyClaims(), { everyMs: null, onHealth: () => {} })
  }

  get events(): EventSource<SupervisorEvents> {
    return this.#events
  }

  get session(): string {
    return this.#keeper.session
  }

  get claimStatistics(): ClaimStatistics {
    return this.#claims.statistics
  }

  /** Number of attempts that this peer holds, joining ones included. */
  get attempts(): number {
    return this.#running.size
  }

  /** Registers the session and begins to work. Throws what `openSession` throws. */
  async start(): Promise<void> {
    const { mesh } = this.#parts
    await this.#keeper.open()
    this.#listeners = [
      mesh.on('hint', received => this.#hear(received)),
      mesh.on('connected', () => this.#keeper.beatSoon()),
      mesh.on('disconnected', peer => this.#lostConnection(peer)),
      // Somebody registered a moment ago and is turned away until this peer has read of it.
      mesh.on('unknown', () => this.#sweep.soon()),
    ]
    mesh.publish({ kind: 'members' })
    this.#sweep.start()
  }

  /** Claims nothing new and resolves when everything that runs has ended and the session is closed. */
  async drain(): Promise<void> {
    this.#draining = true
    this.#events.emit('draining', { attempts: this.#running.size })
    this.#keeper.beatSoon()
    this.#publishLoad()
    this.#giveBackParked()
    while (this.#running.size > 0 && this.#stopping === null) {
      await Promise.race([...this.#running.values()].map(({ over }) => over))
    }
    await this.stop()
  }

  /** Leaves at once: what runs is ended and given back. Safe to call twice and during `drain`. */
  stop(): Promise<void> {
    this.#stopping ??= this.#leave()
    return this.#stopping
  }

  /** Lets go of everything without a word in the ledger: for a peer that cannot go on. */
  abandon(): void {
    this.#gaveUp.abort()
  }

  async #leave(): Promise<void> {
    const { mesh, log } = this.#parts
    this.#draining = true
    for (const end of this.#listeners) end()
    await Promise.all([this.#claims.stop(), this.#sweep.stop(), this.#standings.stop()])
    this.#endAll({ kind: 'release', error: LEAVING }, 0)
    await Promise.all([...this.#running.values()].map(({ over }) => over))
    await this.#joins.stop()
    try {
      await this.#keeper.close()
    } catch (error) {
      log.warn('the session could not be closed; others will find it dead', { error })
      await this.#keeper.stop()
    }
    mesh.publish({ kind: 'members' })
  }

  // --- session and members --------------------------------------------------------------------------------------------------------

  #describe(): NewSession {
    const { mesh, random } = this.#parts
    const { name, host, pid, version, queues, capacity, labels, timing } = this.#options
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

  #opened(session: string): void {
    this.#parts.mesh.useSession(session)
    this.#events.emit('session:opened', { session })
  }

  #fence(reason: 'buried' | 'expired'): void {
    this.#events.emit('session:fenced', { reason, attempts: this.#running.size })
    this.#endAll({ kind: 'discard', error: LEASE_LOST }, 0)
  }

  #noteSessions(sessions: readonly SessionRecord[]): void {
    this.#board.update(sessions)
    const members: Member[] = sessions
      .filter(({ id }) => id !== this.#keeper.session)
      .map(({ id, peer, addrs }) => ({ peer, session: id, addrs }))
    this.#parts.mesh.setMembers(members)
  }

  #noteBurial(session: SessionRecord, proof: SupervisorEvents['session:buried']['proof']): void {
    this.#board.remove(session.id)
    this.#events.emit('session:buried', { session: session.id, peer: session.name, proof })
    this.#parts.mesh.publish({ kind: 'buried', session: session.id })
  }

  #noteReclaimed(tasks: readonly ReclaimedTask[]): void {
    for (const { task, from, state } of tasks) this.#events.emit('task:reclaimed', { task, from, state })
    this.#announceReady(tasks.filter(({ state }) => state === 'ready'))
  }

  #lostConnection(peer: string): void {
    this.#keeper.beatSoon()
    const session = this.#board.sessionOf(peer)
    if (session !== undefined) this.#sweep.suspect(session)
  }

  // --- hints ----------------------------------------------------------------------------------------------------------------------

  #hear({ hint, session }: ReceivedHint): void {
    switch (hint.kind) {
      case 'ready':
        if (hint.queue === ANY_QUEUE || this.#options.queues.includes(hint.queue)) this.#claims.wake()
        break
      case 'claimed':
        this.#claims.forget(hint.task)
        break
      case 'ended':
        this.#joins.look()
        break
      case 'stopping':
        this.#standings.wake()
        break
      case 'load':
        this.#board.noteLoad(session, hint.draining ? 0 : Math.max(0, hint.capacity - hint.busy))
        break
      case 'buried':
      case 'members':
        this.#sweep.soon()
        break
    }
  }

  #announceReady(tasks: readonly { queue: string; run: string }[]): void {
    const groups = new Map<string, { queue: string; run: string; count: number }>()
    for (const { queue, run } of tasks) {
      const group = groups.get(`${queue}\0${run}`) ?? { queue, run, count: 0 }
      group.count += 1
      groups.set(`${queue}\0${run}`, group)
    }
    for (const group of groups.values()) this.#parts.mesh.publish({ kind: 'ready', ...group })
    if (groups.size > 0) this.#claims.wake()
  }

  #publishLoad(): void {
    const { taken, total } = this.#capacity
    this.#parts.mesh.publish({ kind: 'load', busy: taken, capacity: total, draining: this.#draining })
  }

  // --- attempts -------------------------------------------------------------------------------------------------------------------

  #claimant(): { session: string; peer: string; queues: readonly string[] } | null {
    if (this.#draining || !this.#keeper.valid) return null
    return { session: this.#keeper.session, peer: this.#parts.mesh.peer, queues: this.#options.queues }
  }

  /** Runs a claimed task whose place in the capacity is taken. `chain`: how many came before it by hand-on. */
  #start(claimed: ClaimedTask, chain: number): void {
    const { mesh, removeScratch } = this.#parts
    const { task, epoch, claimId } = claimed.claim
    const startedMs = this.#parts.clock.monotonicMs()
    const attempt = this.#makeAttempt(claimed, chain)
    const host = this.#makeHost(claimed, attempt)
    const over = attempt
      .run(host)
      .then(completion => this.#finish(attempt, completion, startedMs, chain))
      .catch(error => this.#recover(claimed, error))
      .finally(() => {
        this.#running.delete(claimId)
        host.close()
        this.#publishLoad()
        this.#claims.wake()
        removeScratch(claimed).catch(error => this.#parts.log.debug('a scratch folder stays', { task, error }))
      })
    this.#running.set(claimId, { attempt, host, parked: false, over })
    this.#events.emit('task:claimed', { task, epoch, attempt: claimed.task.attempts })
    mesh.publish({ kind: 'claimed', task, epoch })
    this.#publishLoad()
  }

  #makeAttempt(claimed: ClaimedTask, chain: number): Attempt {
    const { name, host } = this.#options
    return new Attempt(claimed, {
      ...this.#parts,
      timing: this.#options.timing,
      peer: { name, host },
      handOn: () => this.#handOn(chain),
    })
  }

  #makeHost(claimed: ClaimedTask, attempt: Attempt): AttemptJobHost {
    return new AttemptJobHost(claimed, {
      ...this.#parts,
      joins: this.#joins,
      capacity: this.#capacity,
      timing: this.#options.timing,
      signal: attempt.signal,
      output: (stream, line) => this.#parts.output(claimed, stream, line),
      onStopping: () => this.#standings.wake(),
      onReady: () => this.#claims.wake(),
      onParked: parked => this.#noteParked(claimed, parked),
    })
  }

  /** The place of the ending attempt may go straight to one of its successors. */
  #handOn(chain: number): HandOn | null {
    const me = this.#claimant()
    if (me === null || chain >= MAX_CHAIN) return null
    return { session: me.session, queues: me.queues, claimIds: [makeClaimId(this.#parts.random)] }
  }

  #finish(attempt: Attempt, completion: Completion | null, startedMs: number, chain: number): void {
    const { mesh, clock } = this.#parts
    const { claim, run } = attempt.claimed
    if (completion === null) {
      const reason = attempt.error?.message ?? 'its claim was lost'
      this.#events.emit('task:dropped', { task: claim.task, epoch: claim.epoch, reason })
      return
    }
    const durationMs = clock.monotonicMs() - startedMs
    const { state, ready, handedOn, dagEnded, runEnded } = completion
    this.#events.emit('task:ended', { task: claim.task, epoch: claim.epoch, state, durationMs, error: attempt.error })
    this.#capacity.take(handedOn.length)
    for (const successor of handedOn) this.#start(successor, chain + 1)
    this.#announceReady(ready)
    if (dagEnded !== null) {
      mesh.publish({ kind: 'ended', run: run.id, dag: dagEnded })
      this.#joins.look()
    }
    if (runEnded !== null) {
      mesh.publish({ kind: 'ended', run: run.id, dag: null })
      this.#events.emit('run:ended', { run: run.id, state: runEnded })
    }
    if (state === 'failed' || state === 'aborted') {
      mesh.publish({ kind: 'stopping', run: run.id })
      this.#standings.wake()
    }
  }

  /** A fault of ours, not of the task: the task is given back so that it does not hang with us. */
  async #recover(claimed: ClaimedTask, error: unknown): Promise<void> {
    const { ledger, log } = this.#parts
    const { task, epoch } = claimed.claim
    log.error('an attempt could not be recorded; the task is given back', { task, error })
    const { message } = toErrorRecord(error)
    await ledger
      .release(claimed.claim, { reason: message, notBefore: null, uncounted: false })
      .catch(failure => log.error('the task could not be given back either', { task, error: failure }))
    this.#events.emit('task:dropped', { task, epoch, reason: message })
  }

  #noteParked({ claim }: ClaimedTask, parked: boolean): void {
    const running = this.#running.get(claim.claimId)
    if (running !== undefined) running.parked = parked
    this.#publishLoad()
    if (this.#draining) this.#giveBackParked()
  }

  /** A leaving peer does not wait for joins: the task starts again elsewhere and finds the DAGs that it started. */
  #giveBackParked(): void {
    for (const { attempt, parked } of this.#running.values()) {
      if (parked && attempt.claimed.task.effect !== 'exclusive') attempt.end({ kind: 'release', error: LEAVING })
    }
  }

  #endAll(ending: Ending, graceMs: number): void {
    for (const { attempt } of this.#running.values()) attempt.end(ending, graceMs)
  }

  // --- the rest of a sweep --------------------------------------------------------------------------------------------------------

  async #checkOwn(): Promise<void> {
    await this.#verifyClaims()
    await this.#giveBackStrays()
    this.#joins.look()
    this.#claims.wake()
  }

  /** An attempt whose claim is lost runs for nobody; one whose run or DAG is being stopped is told so. */
  async #verifyClaims(): Promise<void> {
    const attempts = [...this.#running.values()].map(({ attempt }) => attempt)
    if (attempts.length === 0) return
    const standings = await this.#parts.ledger.verify(attempts.map(({ claimed }) => claimed.claim))
    for (const [index, attempt] of attempts.entries()) {
      const standing = standings[index]
      const isOver = !this.#running.has(attempt.claimed.claim.claimId)
      if (standing === 'stopping') attempt.stop()
      if (standing === 'lost' && !isOver) attempt.end({ kind: 'discard', error: LEASE_LOST }, 0)
    }
  }

  async #giveBackStrays(): Promise<void> {
    const { ledger, clock, log } = this.#parts
    if (clock.monotonicMs() - this.#reconciledMs < RECONCILE_EVERY_MS) return
    this.#reconciledMs = clock.monotonicMs()
    const held = await ledger.claimsOf(this.#keeper.session)
    const { stray, seen } = findStrays(held, new Set(this.#running.keys()), this.#strays)
    this.#strays = seen
    for (const claim of stray) {
      log.warn('a task is given back that this peer holds and does not run', { task: claim.task })
      await ledger.release(claim, { reason: 'its claim was lost on the way', notBefore: null, uncounted: true })
    }
  }
}

const LEASE_LOST: ErrorRecord = {
  code: 'LF_LEASE_LOST',
  message: 'This peer lost its lease on the task; another peer may be running it.',
}

const LEAVING: ErrorRecord = { code: 'LF_PEER_LEAVING', message: 'The peer is leaving the mesh.' }

/**
 * The one place where decisions meet effects. A supervisor belongs to one peer: it keeps the peer's session, claims what the peer
 * may run, runs it, records it, tells the others, and takes its share of looking after everybody. It is in charge of nobody: all
 * it does is repeated safely by any other peer.
 *
 * It never runs user code (workers do), never talks to the network (the mesh does) and never decides what is legal (the ledger does).
 */
import { hasCode, LightflowError } from '../core/errors.ts'
import { EventHub, type EventSource } from '../core/events.ts'
import type { ReclaimedTask } from '../ledger/ledger.ts'
import { hasNeeds } from '../workflow/needs.ts'
import { Announcer } from './announcer.ts'
import { LEASE_LOST } from './attempt-ending.ts'
import { Attempts } from './attempts.ts'
import type { FullReport } from './beat-news.ts'
import { Capacity } from './capacity.ts'
import type { Claimant } from './claimant.ts'
import { ClaimLoop, type ClaimStatistics } from './claim-loop.ts'
import { Departure, LEAVING } from './departure.ts'
import type { SupervisorEvents } from './events.ts'
import { HintListener } from './hint-listener.ts'
import { JoinWatch } from './join-watch.ts'
import { LeavingPayloads } from './leaving-payloads.ts'
import { LoadBoard } from './load-board.ts'
import { Members } from './members.ts'
import { OverdueWatch } from './overdue-watch.ts'
import { PassedClaims } from './passed-claims.ts'
import { PassingOn } from './passing-on.ts'
import { Quiet } from './quiet.ts'
import { RefusalWatch } from './refusal-watch.ts'
import { Resources } from './resources.ts'
import { RULES } from './rules.ts'
import { describeSession, reportOf } from './self-report.ts'
import { SessionKeeper } from './session-keeper.ts'
import type { SupervisorOptions, SupervisorParts } from './supervisor-parts.ts'
import { Sweep } from './sweep.ts'

export class Supervisor {
  readonly #parts: SupervisorParts
  readonly #options: SupervisorOptions
  readonly #events: EventHub<SupervisorEvents>
  readonly #capacity: Capacity
  readonly #resources: Resources
  readonly #board = new LoadBoard()
  readonly #quiet = new Quiet()
  readonly #announcer: Announcer
  readonly #joins: JoinWatch
  readonly #keeper: SessionKeeper
  readonly #claims: ClaimLoop
  readonly #sweep: Sweep
  readonly #attempts: Attempts
  readonly #passing: PassingOn
  readonly #passed: PassedClaims
  readonly #payloads: LeavingPayloads
  readonly #refusals: RefusalWatch
  readonly #overdue: OverdueWatch
  readonly #hints: HintListener
  readonly #members: Members
  readonly #departure: Departure
  #listeners: (() => void)[] = []
  #starting: Promise<void> | null = null

  constructor(parts: SupervisorParts, options: SupervisorOptions) {
    const { ledger, clock, random, log, mesh } = parts
    const { timing } = options
    const rules = { ...RULES, ...parts.rules }
    rules.checkTiming(timing)
    this.#parts = parts
    this.#options = options
    this.#events = new EventHub(error => log.error('a listener failed', { error }))
    this.#announcer = new Announcer(mesh)
    this.#capacity = new Capacity(options.capacity)
    this.#resources = new Resources(options.resources ?? {})
    this.#joins = new JoinWatch({ ledger, clock })
    this.#departure = new Departure(() => ({
      clock,
      log,
      events: this.#events,
      announcer: this.#announcer,
      joins: this.#joins,
      keeper: this.#keeper,
      attempts: this.#attempts,
      payloads: this.#payloads,
      turns: [this.#refusals, this.#claims, this.#passed, this.#sweep, this.#attempts],
      unlisten: () => {
        for (const end of this.#listeners) end()
      },
      starting: () => this.#starting,
      onDraining: () => this.#noteLoad(),
    }))
    this.#keeper = new SessionKeeper({
      ledger,
      clock,
      random,
      log,
      timing,
      rules,
      isQuiet: () => this.#isQuiet(),
      describe: () => describeSession(options, mesh, random),
      report: () => this.#report(),
      onFence: reason => this.#fence(reason),
      onEvicted: () => this.#events.emit('gave-up', { error: evicted() }),
      onFailure: error => this.#noteFailure(error),
      onRecovery: () => this.#sweep.recovered(),
      onOpen: session => this.#opened(session),
    })
    this.#members = new Members({
      mesh,
      clock,
      timing,
      events: this.#events,
      board: this.#board,
      announcer: this.#announcer,
      keeper: this.#keeper,
      refusals: () => this.#refusals,
      sweep: () => this.#sweep,
      isDraining: () => this.#departure.isDraining,
    })
    this.#claims = new ClaimLoop({
      ledger,
      clock,
      random,
      log,
      timing,
      capacity: this.#capacity,
      resources: this.#resources,
      self: () => this.#claimant(queue => this.#resources.fits(queue)),
      others: () => this.#board.others(this.#keeper.session),
      start: (claimed, session) => this.#attempts.start(claimed, session),
      awaiting: claimIds => this.#attempts.awaiting(claimIds),
      onGivenBack: () => this.#attempts.fillPlaces(),
      onReady: () => this.#noteWork(),
      dueDelay: dueAt => this.#members.dueDelay(dueAt),
      rankDelayMs: timing.rankDelayMs,
      signal: this.#departure.leaving,
    })
    this.#passing = new PassingOn({
      traits: ledger.traits,
      mesh,
      clock,
      random,
      timing,
      board: this.#board,
      capacity: this.#capacity,
      queues: options.queues,
      session: () => this.#keeper.session,
      isDraining: () => this.#departure.isDraining,
    })
    this.#passed = new PassedClaims({
      ledger,
      clock,
      random,
      log,
      timing,
      session: () => this.#keeper.session,
      known: () => this.#attempts.claimIds,
      take: (claimed, session) => this.#attempts.takePassed(claimed, session),
      signal: this.#departure.leaving,
    })
    this.#attempts = new Attempts({
      ...parts,
      capacity: this.#capacity,
      resources: this.#resources,
      joins: this.#joins,
      events: this.#events,
      timing,
      rules,
      peer: options,
      // What needs resources is never handed on: how much of them is free is known here, not in the ledger.
      claimant: () => this.#claimant(queue => !hasNeeds(queue)),
      standing: () => this.#keeper,
      copyPlaces: hash => this.#board.copyPlaces(this.#keeper.session, hash),
      isAlive: peer => this.#board.sessionOf(peer) !== undefined,
      wakeClaims: () => this.#claims.wake(),
      refill: isVain => this.#claims.refill(isVain),
      servesNeeds: options.queues.some(hasNeeds),
      announceReady: tasks => this.#announceReady(tasks),
      onLoad: () => this.#noteLoad(),
      passOn: () => this.#passing.offer(),
      onForeseen: (passed, placesLeft) => this.#passing.tellEarly(passed, placesLeft),
      lookAtPassed: () => this.#passed.look(),
      onPassedOn: passed => this.#passing.tell(passed),
      signal: this.#departure.gaveUp,
    })
    this.#payloads = new LeavingPayloads({
      ledger,
      payloads: parts.payloads,
      self: mesh.peer,
      isStaying: peer => this.#board.isStaying(peer),
      copyPlaces: hash => this.#board.copyPlaces(this.#keeper.session, hash),
      clock,
      log,
      onProgress: () => this.#keeper.beatWithinAMoment(),
    })
    this.#overdue = new OverdueWatch({
      ledger,
      clock,
      log,
      rules,
      onEnded: (run, completion) => this.#attempts.announce(run, completion),
    })
    this.#refusals = new RefusalWatch({
      ledger,
      mesh,
      clock,
      log,
      rules,
      self: () => this.#keeper,
      onBuried: session => {
        this.#members.buried(session, 'refused')
        this.#sweep.soon()
      },
    })
    this.#sweep = new Sweep({
      ledger,
      clock,
      random,
      log,
      timing,
      rules,
      isQuiet: () => this.#isQuiet(),
      self: () => this.#keeper,
      onSessions: sessions => this.#members.update(sessions),
      onBuried: (session, proof) => this.#members.buried(session, proof),
      onReclaimed: tasks => this.#noteReclaimed(tasks),
      onSettled: () => this.#claims.wake(),
      onEnded: ended => this.#attempts.announceEnds(ended),
      afterwards: () => this.#lookAround(),
    })
    this.#hints = new HintListener({
      ledger,
      rules,
      clock,
      board: this.#board,
      claims: this.#claims,
      attempts: this.#attempts,
      joins: this.#joins,
      passed: this.#passed,
      sweep: this.#sweep,
      keeper: this.#keeper,
      queues: options.queues,
      noteWork: () => this.#noteWork(),
    })
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
    return this.#attempts.size
  }

  /**
   * Registers the session and begins to work. Waits for a ledger that does not answer until it does or `stop` is called
   * (`LF_PEER_LEAVING`), and for an earlier session of this peer until it counts as dead (`LF_PEER_ALREADY_RUNNING` when it lives).
   */
  async start(): Promise<void> {
    const { mesh } = this.#parts
    this.#starting = this.#keeper.open()
    await this.#starting
    this.#listeners = [
      mesh.on('hint', received => this.#hints.hear(received)),
      mesh.on('connected', () => this.#keeper.beatWithinAMoment()),
      mesh.on('foreign', foreign => {
        this.#parts.log.info('a peer of another mesh was seen', { ...foreign })
      }),
      mesh.on('disconnected', peer => this.#members.lostConnection(peer)),
      // Somebody registered a moment ago and is turned away until this peer has read of it.
      mesh.on('unknown', () => this.#sweep.soon()),
    ]
    this.#announcer.members()
    this.#sweep.start()
  }

  /** Something may be new in the ledger. */
  lookSoon(): void {
    this.#noteWork()
    this.#claims.wake()
    this.#sweep.soon()
  }

  /** Claims nothing new and resolves when everything that runs has ended and the session is closed. */
  drain(): Promise<void> {
    return this.#departure.drain()
  }

  /** Leaves at once: what runs is ended and given back. Safe to call twice and during `drain`. */
  stop(): Promise<void> {
    return this.#departure.stop()
  }

  /** Stops waiting for the ledger: for a peer that cannot go on. What it could not record is taken over from it. */
  abandon(): void {
    this.#departure.abandon()
  }

  // --- session --------------------------------------------------------------------------------------------------------------------

  #report(): FullReport {
    const { mesh, stats } = this.#parts
    return reportOf({
      mesh,
      capacity: this.#capacity,
      claims: this.claimStatistics,
      attemptsFetched: this.#attempts.fetched,
      isDraining: this.#departure.isDraining,
      payloads: this.#payloads,
      ...(stats === undefined ? {} : { stats }),
    })
  }

  #opened(session: string): void {
    this.#parts.mesh.useSession(session)
    this.#events.emit('session:opened', { session })
  }

  #fence(reason: 'buried' | 'expired'): void {
    this.#events.emit('session:fenced', { reason, attempts: this.#attempts.size })
    // Not renewed in time, the claims may still be ours: they are given back, which the ledger refuses when they are not.
    this.#attempts.endAll({ kind: reason === 'buried' ? 'discard' : 'release', error: LEASE_LOST }, 0)
  }

  /** A ledger that is gone for good does not come back to this process. */
  #noteFailure(error: unknown): void {
    if (!hasCode(error, 'LF_LEDGER_THREAD') || this.#departure.leaving.aborted) return
    this.abandon()
    this.#events.emit('gave-up', { error })
  }

  #isQuiet(): boolean {
    return this.#attempts.size === 0 && this.#quiet.isQuiet(this.#parts.clock.monotonicMs())
  }

  #noteWork(): void {
    const { clock, random } = this.#parts
    if (!this.#quiet.noteWork(clock.monotonicMs())) return
    // Due about when they would be, had it not been quiet; not of all peers in the moment in which they begin to work.
    const { beatMs, sweepMs } = this.#options.timing
    this.#keeper.beatAfter(beatMs * random.float())
    this.#sweep.after(sweepMs * random.float())
  }

  #noteReclaimed(tasks: readonly ReclaimedTask[]): void {
    this.#noteWork()
    for (const { task, from, state } of tasks) this.#events.emit('task:reclaimed', { task, from, state })
    this.#announceReady(tasks.filter(({ state }) => state === 'ready'))
  }

  #announceReady(tasks: readonly { queue: string; run: string }[]): void {
    this.#announcer.ready(tasks)
    if (tasks.some(({ queue }) => this.#options.queues.includes(queue))) this.#claims.wake()
  }

  /** How busy this peer is has changed, or it is leaving. */
  #noteLoad(): void {
    this.#announcer.load(this.#capacity, this.#departure.isDraining)
    if (!this.#departure.isDraining) return
    this.#attempts.tellOfDrain()
    this.#giveBackWaiting()
  }

  #giveBackWaiting(): void {
    this.#attempts.giveBackWaiting(LEAVING)
    const waiting = this.#attempts.parkedExclusive
    if (waiting.length === 0) return
    this.#parts.log.warn('the drain waits for exclusive tasks that join other DAGs; another peer must run these', {
      tasks: waiting,
    })
  }

  /** `may`: of which of its queues it may take something now. */
  #claimant(may: (queue: string) => boolean): Claimant | null {
    if (this.#departure.isDraining || !this.#keeper.valid) return null
    return { session: this.#keeper.session, peer: this.#parts.mesh.peer, queues: this.#options.queues.filter(may) }
  }

  /** The rest of a sweep: all of it asks the ledger in this turn of the event loop. */
  async #lookAround(): Promise<void> {
    this.#joins.look()
    this.#claims.wake()
    if (this.#passing.mayReceive()) this.#passed.look()
    const looks = [this.#attempts.compareWithLedger(this.#keeper.session)]
    if (this.#keeper.valid) looks.push(this.#overdue.look(this.#keeper.session, this.#members.live))
    const outcomes = await Promise.allSettled(looks)
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
}

function evicted(): LightflowError {
  return new LightflowError('LF_EVICTED', 'This peer was evicted from the mesh by an operator.', {
    hint: 'What it ran was taken from it. Look why with the operator; `lf node` lets it join again.',
  })
}

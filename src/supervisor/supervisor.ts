/**
 * The one place where decisions meet effects. A supervisor belongs to one peer: it keeps the peer's session, claims what the peer
 * may run, runs it, records it, tells the others, and takes its share of looking after everybody. It is in charge of nobody: all
 * it does is repeated safely by any other peer.
 *
 * It never runs user code (workers do), never talks to the network (the mesh does) and never decides what is legal (the ledger does).
 */
import { type ErrorRecord, hasCode, LightflowError } from '../core/errors.ts'
import { EventHub, type EventSource } from '../core/events.ts'
import { MAX_RANK_DELAY_MS } from '../lease/decide-claims.ts'
import { dutyRank } from '../lease/decide-supervision.ts'
import type { SessionHead } from '../lease/records.ts'
import type { NewSession, ReclaimedTask } from '../ledger/ledger.ts'
import type { Member, MeshMetrics, ReceivedHint } from '../mesh/mesh.ts'
import { readEarlyWord } from './early-word.ts'
import { ANY_QUEUE, type Hint } from '../../protocols/hints.ts'
import { makeSessionId } from '../../protocols/ids.ts'
import { Attempts, type Claimant } from './attempts.ts'
import { hasNeeds } from '../workflow/needs.ts'
import { Announcer } from './announcer.ts'
import { Capacity } from './capacity.ts'
import { Resources } from './resources.ts'
import { ClaimLoop, type ClaimStatistics } from './claim-loop.ts'
import type { SupervisorEvents } from './events.ts'
import { JoinWatch } from './join-watch.ts'
import { LeavingPayloads } from './leaving-payloads.ts'
import { LoadBoard } from './load-board.ts'
import { OverdueWatch } from './overdue-watch.ts'
import { PassedClaims } from './passed-claims.ts'
import { PassingOn } from './passing-on.ts'
import { RefusalWatch } from './refusal-watch.ts'
import { Quiet } from './quiet.ts'
import { RULES } from './rules.ts'
import { SessionKeeper } from './session-keeper.ts'
import { Sweep } from './sweep.ts'
import type { SupervisorOptions, SupervisorParts } from './supervisor-parts.ts'

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
  #liveSessions: string[] = []
  /** Aborts when the peer begins to leave: no claim is waited for any more. */
  readonly #leaving = new AbortController()
  /** Aborts when the peer leaves without waiting for the ledger. */
  readonly #gaveUp = new AbortController()
  #listeners: (() => void)[] = []
  #draining = false
  #starting: Promise<void> | null = null
  #stopping: Promise<void> | null = null

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
    this.#keeper = new SessionKeeper({
      ledger,
      clock,
      random,
      log,
      timing,
      rules,
      isQuiet: () => this.#isQuiet(),
      describe: () => this.#describe(),
      report: () => ({
        busy: this.#capacity.taken,
        connected: mesh.connected(),
        addrs: mesh.addrs(),
        draining: this.#draining,
        stats: {
          claimsTried: this.claimStatistics.tried,
          claimsWon: this.claimStatistics.won,
          attemptsFetched: this.#attempts.fetched,
          ...meshCounts(mesh.metrics()),
          ...(this.#draining ? this.#leavingStats() : {}),
          ...parts.stats?.(),
        },
      }),
      onFence: reason => this.#fence(reason),
      onEvicted: () => this.#events.emit('gave-up', { error: evicted() }),
      onFailure: error => this.#noteFailure(error),
      onRecovery: () => this.#sweep.recovered(),
      onOpen: session => this.#opened(session),
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
      dueDelay: dueAt => this.#dueDelay(dueAt),
      rankDelayMs: timing.rankDelayMs,
      signal: this.#leaving.signal,
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
      isDraining: () => this.#draining,
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
      signal: this.#leaving.signal,
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
      signal: this.#gaveUp.signal,
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
        this.#noteBurial(session, 'refused')
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
      onSessions: sessions => this.#noteSessions(sessions),
      onBuried: (session, proof) => this.#noteBurial(session, proof),
      onReclaimed: tasks => this.#noteReclaimed(tasks),
      onSettled: () => this.#claims.wake(),
      afterwards: () => this.#lookAround(),
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
      mesh.on('hint', received => this.#hear(received)),
      mesh.on('connected', () => this.#keeper.beatWithinAMoment()),
      mesh.on('foreign', foreign => {
        this.#parts.log.info('a peer of another mesh was seen', { ...foreign })
      }),
      mesh.on('disconnected', peer => this.#lostConnection(peer)),
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
  async drain(): Promise<void> {
    this.#draining = true
    this.#events.emit('draining', { attempts: this.#attempts.size })
    this.#keeper.beatSoon()
    this.#noteLoad()
    while (this.#attempts.size > 0 && this.#stopping === null) await this.#attempts.nextEnd()
    if (this.#stopping === null) {
      await this.#payloads.handOn(this.#leaving.signal)
      if (this.#payloads.counts.handedOn + this.#payloads.counts.leaving > 0) await this.#keeper.beatNow()
    }
    await this.stop()
  }

  #leavingStats(): Record<string, number> {
    const { handedOn, leaving } = this.#payloads.counts
    return { payloadsHandedOn: handedOn, payloadsLeaving: leaving }
  }

  /** Leaves at once: what runs is ended and given back. Safe to call twice and during `drain`. */
  stop(): Promise<void> {
    this.#stopping ??= this.#leave()
    return this.#stopping
  }

  /** Stops waiting for the ledger: for a peer that cannot go on. What it could not record is taken over from it. */
  abandon(): void {
    this.#leaving.abort()
    this.#gaveUp.abort()
  }

  async #leave(): Promise<void> {
    const { log, clock } = this.#parts
    this.#draining = true
    this.#leaving.abort()
    const patience = clock.timer(LEAVE_WITHIN_MS, () => this.#gaveUp.abort())
    if (this.#keeper.session === '') await this.#keeper.stop()
    // Who waits for it is told; here it must only be over.
    await this.#starting?.catch(() => {})
    for (const end of this.#listeners) end()
    const turns = [this.#refusals, this.#claims, this.#passed, this.#sweep, this.#attempts]
    await Promise.all(turns.map(turn => turn.stop()))
    // A completion under way may still hand a successor on: until none is left.
    while (this.#attempts.size > 0) {
      this.#attempts.endAll({ kind: 'release', error: LEAVING }, 0)
      await this.#attempts.nextEnd()
    }
    patience.cancel()
    await this.#joins.stop()
    try {
      await this.#keeper.close()
    } catch (error) {
      log.warn('the session could not be closed; others will find it dead', { error })
      await this.#keeper.stop()
    }
    this.#announcer.members()
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
    this.#events.emit('session:fenced', { reason, attempts: this.#attempts.size })
    // Not renewed in time, the claims may still be ours: they are given back, which the ledger refuses when they are not.
    this.#attempts.endAll({ kind: reason === 'buried' ? 'discard' : 'release', error: LEASE_LOST }, 0)
  }

  /** A ledger that is gone for good does not come back to this process. */
  #noteFailure(error: unknown): void {
    if (!hasCode(error, 'LF_LEDGER_THREAD') || this.#leaving.signal.aborted) return
    this.abandon()
    this.#events.emit('gave-up', { error })
  }

  #noteSessions(sessions: readonly SessionHead[]): void {
    this.#board.update(sessions, this.#parts.clock.monotonicMs())
    this.#refusals.update(sessions)
    this.#liveSessions = sessions.map(({ id }) => id)
    const asked = sessions.find(({ id }) => id === this.#keeper.session)?.drainAsked
    if (asked !== undefined && !this.#draining) this.#events.emit('drain-asked', { by: asked.by })
    const members = sessions.map(({ id, peer, startedAt, addrs }): Member => ({
      peer,
      session: id,
      since: startedAt,
      addrs,
    }))
    this.#parts.mesh.setMembers(members)
  }

  #noteBurial(session: SessionHead, proof: SupervisorEvents['session:buried']['proof']): void {
    this.#board.remove(session.id)
    this.#events.emit('session:buried', { session: session.id, peer: session.name, proof })
    this.#announcer.burial(session.id)
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

  #lostConnection(peer: string): void {
    // Who misses the connection hears by these beats that this peer lives.
    this.#keeper.showLife()
    this.#refusals.lost(peer)
    const session = this.#board.sessionOf(peer)
    if (session !== undefined) this.#sweep.suspect(session)
  }

  // --- hints ----------------------------------------------------------------------------------------------------------------------

  #hear({ hint, session }: ReceivedHint): void {
    // Who comes and goes is no work.
    if (hint.kind !== 'members') this.#noteWork()
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
        this.#attempts.lookAtStandings()
        break
      case 'load':
        if (hint.draining) this.#board.noteLeaving(session)
        else this.#board.noteLoad(session, Math.max(0, hint.capacity - hint.busy), this.#parts.clock.monotonicMs())
        break
      case 'passed':
        if (hint.session === this.#keeper.session) this.#hearPassed(hint)
        break
      case 'buried':
        // It may be this peer's own burial: the next beat tells.
        if (hint.session === this.#keeper.session) this.#keeper.beatSoon()
        this.#sweep.soon()
        break
      case 'members':
        this.#sweep.withinAMoment()
        break
    }
  }

  #hearPassed({ claims = [], early }: Extract<Hint, { kind: 'passed' }>): void {
    const { session } = this.#keeper
    const claimed = early && readEarlyWord(early, session)
    if (claimed !== undefined) this.#attempts.takeEarly(claimed, session)
    else if (early === undefined && !this.#attempts.confirmPassed(claims)) this.#passed.look()
  }

  #announceReady(tasks: readonly { queue: string; run: string }[]): void {
    this.#announcer.ready(tasks)
    if (tasks.some(({ queue }) => this.#options.queues.includes(queue))) this.#claims.wake()
  }

  /** How busy this peer is has changed, or it is leaving. */
  #noteLoad(): void {
    this.#announcer.load(this.#capacity, this.#draining)
    if (!this.#draining) return
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

  /** Retries that come due are looked for by one peer first, not by all at once. */
  #dueDelay(dueAt: number): number {
    const { session } = this.#keeper
    const sessions = [session, ...this.#board.others(session).map(other => other.session)]
    return Math.min(dutyRank(`due ${dueAt}`, session, sessions) * this.#options.timing.rankDelayMs, MAX_RANK_DELAY_MS)
  }

  /** `may`: of which of its queues it may take something now. */
  #claimant(may: (queue: string) => boolean): Claimant | null {
    if (this.#draining || !this.#keeper.valid) return null
    return { session: this.#keeper.session, peer: this.#parts.mesh.peer, queues: this.#options.queues.filter(may) }
  }

  /** The rest of a sweep: all of it asks the ledger in this turn of the event loop. */
  async #lookAround(): Promise<void> {
    this.#joins.look()
    this.#claims.wake()
    if (this.#passing.mayReceive()) this.#passed.look()
    const looks = [this.#attempts.compareWithLedger(this.#keeper.session)]
    if (this.#keeper.valid) looks.push(this.#overdue.look(this.#keeper.session, this.#liveSessions))
    const outcomes = await Promise.allSettled(looks)
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
}

const LEASE_LOST: ErrorRecord = {
  code: 'LF_LEASE_LOST',
  message: 'This peer lost its lease on the task; another peer may be running it.',
}

const LEAVING: ErrorRecord = { code: 'LF_PEER_LEAVING', message: 'The peer is leaving the mesh.' }

/** What `lf mesh status` tells of hints, and of other meshes. */
function meshCounts(metrics: MeshMetrics): Record<string, number> {
  const { hintsPublished, hintsReceived, hintsRefused, hintsDropped, publishedToNobody, foreignPeers } = metrics
  return { hintsPublished, hintsReceived, hintsRefused, hintsDropped, publishedToNobody, foreignPeers }
}

function evicted(): LightflowError {
  return new LightflowError('LF_EVICTED', 'This peer was evicted from the mesh by an operator.', {
    hint: 'What it ran was taken from it. Look why with the operator; `lf node` lets it join again.',
  })
}

/** A ledger that does not answer for this long does not keep a peer from leaving; what it held is taken over from it. */
const LEAVE_WITHIN_MS = 10_000

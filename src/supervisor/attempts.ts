/**
 * The attempts that this peer holds: started, finished, ended from outside, and compared with what the ledger says. Owns their place
 * in the capacity from the claim to the end.
 */
import { type ErrorRecord, toErrorRecord } from '../core/errors.ts'
import { TransientMap, TransientSet } from '../core/transient.ts'
import type { ClaimedTask, Completion, Ended } from '../ledger/ledger.ts'
import type { Claim } from '../lease/records.ts'
import { hasNeeds } from '../workflow/needs.ts'
import { Attempt, type AttemptActions, type AttemptParts } from './attempt.ts'
import { type Ending, NO_PLACE } from './attempt-ending.ts'
import { AttemptStandings } from './attempt-standings.ts'
import type { AttemptsParts } from './attempts-parts.ts'
import { ClaimsAhead } from './claims-ahead.ts'
import { EarlyStarts } from './early-starts.ts'
import { HandingOn } from './handing-on.ts'
import { AttemptJobHost, type JobHostParts } from './job-host.ts'
import { PassedStarts } from './passed-starts.ts'
import { isAtHand, isWaiting, type Running, type Start, wasSeenReady } from './running.ts'
import { Strays } from './strays.ts'
import { Turn } from './turn.ts'

export class Attempts {
  /** Attempts that had all their inputs. */
  fetched = 0
  readonly #parts: AttemptsParts
  readonly #partsOfEach: AttemptParts
  readonly #partsOfHosts: JobHostParts
  readonly #running = new TransientMap<string, Running>()
  readonly #ahead: ClaimsAhead
  readonly #early: EarlyStarts<Running>
  readonly #handing: HandingOn
  readonly #standings: AttemptStandings
  readonly #strays: Strays
  readonly #passed: PassedStarts
  /** Claim ids that the ledger was asked for and has not answered about: they are nobody's strays. */
  readonly #awaited = new TransientSet<string>()

  constructor(parts: AttemptsParts) {
    this.#parts = parts
    this.#partsOfEach = { ...parts, self: parts.mesh.peer, onFetched: () => (this.fetched += 1) }
    this.#partsOfHosts = { ...parts, onStopping: () => this.lookAtStandings(), onReady: () => this.#lookForWork() }
    this.#ahead = new ClaimsAhead(parts.clock, parts.capacity)
    this.#early = new EarlyStarts({ ...parts, onKept: running => this.#tellOfStart(running) })
    const starting = {
      ahead: this.#ahead,
      early: this.#early,
      start: (claimed: ClaimedTask, start: Start) => this.#start(claimed, start),
    }
    this.#handing = new HandingOn({
      ...parts,
      ...starting,
      awaiting: claimIds => this.awaiting(claimIds),
      isRunning: claimId => this.#running.has(claimId),
    })
    this.#passed = new PassedStarts({
      ...parts,
      ...starting,
      find: claimId => this.#running.get(claimId),
      isReturned: claimId => this.#strays.isReturned(claimId),
    })
    this.#standings = new AttemptStandings({
      ...parts,
      early: this.#early,
      running: () => Array.from(this.#running.values()),
    })
    this.#strays = new Strays({ ...parts, known: () => new Set([...this.#running.keys(), ...this.#awaited]) })
  }

  get size(): number {
    return this.#running.size
  }

  /** Tasks that wait in a join and that a leaving peer cannot give back: they may not start again elsewhere. */
  get parkedExclusive(): string[] {
    return Array.from(this.#running.values()).flatMap(({ attempt, parked }) => {
      const { id, effect } = attempt.claimed.task
      return parked && effect === 'exclusive' ? [id] : []
    })
  }

  /** Runs a task that `session` claimed and whose place in the capacity is taken. */
  start(claimed: ClaimedTask, session: string): void {
    this.#start(claimed, { session, chain: 0, waits: false })
  }

  /** Places became free: for what waits with this peer already. */
  fillPlaces(): void {
    this.#ahead.fill()
  }

  /** Claim ids of all that this peer runs. */
  get claimIds(): string[] {
    return Array.from(this.#running.keys())
  }

  /** Another peer claimed this for `session`. */
  takePassed(claimed: ClaimedTask, session: string): void {
    this.#passed.take(claimed, session)
  }

  /** Another peer is claiming this pure task for `session`. */
  takeEarly(claimed: ClaimedTask, session: string): void {
    this.#passed.takeEarly(claimed, session)
  }

  /** These are claimed for this peer, says who did it. Whether all of them run here, or have ended. */
  confirmPassed(claims: readonly Claim[]): boolean {
    return this.#passed.confirm(claims)
  }

  #start(claimed: ClaimedTask, start: Start): Running {
    const attempt = this.#makeAttempt(claimed, start.session, {
      handOn: () => this.#handing.ask(running),
      onForeseen: foreseen => this.#handing.foresee(running, foreseen),
      onEnded: () => running.turn?.forget(),
      ...(start.early === undefined ? {} : { early: start.early }),
    })
    const host = this.#makeHost(claimed, attempt, !start.waits)
    const startedMs = this.#parts.clock.monotonicMs()
    const more = {
      startedMs,
      parked: false,
      hand: null,
      asksForTiny: false,
      begun: new Map(),
      answered: [],
      over: Promise.resolve(),
    }
    const running: Running = { ...start, ...more, attempt, host, turn: null }
    this.#running.set(claimed.claim.claimId, running)
    if (start.waits) this.#lineUp(running)
    running.over = this.#run(running)
    if (start.early === undefined) this.#tellOfStart(running)
    return running
  }

  #tellOfStart({ attempt: { claimed }, waits, isTiny }: Running): void {
    const { mesh, events, onLoad } = this.#parts
    const { task, epoch } = claimed.claim
    events.emit('task:claimed', { task, epoch, attempt: claimed.task.attempts })
    if (waits) return
    if (isTiny !== true && wasSeenReady(claimed)) mesh.publish({ kind: 'claimed', task, epoch })
    onLoad()
  }

  async #run(running: Running): Promise<void> {
    const { removeScratch, log, onLoad, refill } = this.#parts
    const { attempt, host, answered } = running
    const { claimed } = attempt
    let isLookVain = false
    let completion: Completion | null = null
    try {
      const { early, turn } = running
      completion = await attempt.run(early?.begins === true ? early.hold(host, attempt.signal) : host, turn)
      if (await this.#early.ended(running, completion)) isLookVain = this.#finish(running, completion)
    } catch (error) {
      this.#early.failed(running)
      await this.#recover(attempt, error)
    } finally {
      this.#early.drop(running.begun.values())
      const isOpen = completion === null && attempt.begun && !attempt.isGivenBack
      if (isOpen && claimed.task.effect === 'exclusive') this.#strays.noteUnrecorded(claimed.claim)
      this.#forget(running)
      for (const tell of answered) tell()
      running.turn?.forget()
      host.close()
      this.#ahead.fill()
      onLoad()
      // When the next one has its place, or nothing waits for it, a chain looks for nothing at each of its tasks.
      refill(isLookVain && !hasNeeds(claimed.task.queue))
      removeScratch(claimed).catch(error => log.debug('a scratch folder stays', { task: claimed.claim.task, error }))
    }
  }

  /** Another task may have its claim id by now: see `EarlyStarts.drop`. */
  #forget(running: Running): void {
    const { claimId } = running.attempt.claimed.claim
    if (this.#running.get(claimId) === running) this.#running.delete(claimId)
    if (running.isRefused === true) this.#parts.lookAtPassed()
  }

  #lineUp(running: Running): void {
    const { attempt, host } = running
    const { run, queue } = attempt.claimed.task
    const mayLineUp = this.#parts.workers.lineUp !== undefined && isAtHand(attempt.claimed)
    const turn = new Turn(this.#ahead, mayLineUp, {
      onPlace: () => {
        running.waits = false
        running.startedMs = this.#parts.clock.monotonicMs()
        host.receivePlace()
      },
      giveBack: () => {
        running.answered.push(() => this.#parts.announceReady([{ run, queue }]))
        attempt.end({ kind: 'release', error: NO_PLACE })
      },
    })
    running.turn = turn
    this.#ahead.add(turn)
  }

  /** These claims are under way. The function that it returns says that they were answered. */
  awaiting(claimIds: readonly string[]): () => void {
    for (const id of claimIds) this.#awaited.add(id)
    return () => {
      for (const id of claimIds) this.#awaited.delete(id)
    }
  }

  endAll(ending: Ending, graceMs: number): void {
    for (const { attempt } of this.#running.values()) attempt.end(ending, graceMs)
  }

  /** Resolves when one of the attempts is over, at once when there is none. */
  async nextEnd(): Promise<void> {
    if (this.#running.size > 0) await Promise.race(Array.from(this.#running.values(), ({ over }) => over))
  }

  /** The peer is to leave: what would run for hours may give itself back. */
  tellOfDrain(): void {
    for (const { attempt } of this.#running.values()) attempt.drain()
  }

  /**
   * A leaving peer does not wait for joins: the task starts again elsewhere and finds the DAGs that it started. What waits for a place waits
   * elsewhere.
   */
  giveBackWaiting(error: ErrorRecord): void {
    for (const running of this.#running.values()) {
      const { attempt, parked } = running
      const mayEnd = isWaiting(running) || (parked && attempt.claimed.task.effect !== 'exclusive')
      if (mayEnd) attempt.end({ kind: 'release', error })
    }
  }

  /** Something is being stopped: looks, soon, which attempts must hear of it. */
  lookAtStandings(): void {
    this.#standings.lookSoon()
  }

  /** The rest of a sweep: claims that were lost or are being stopped, and tasks that are held but not run. */
  async compareWithLedger(session: string): Promise<void> {
    await Promise.all([this.#standings.look(), this.#strays.giveBack(session)])
  }

  stop(): Promise<void> {
    return this.#standings.stop()
  }

  #makeAttempt(
    claimed: ClaimedTask,
    session: string,
    following: Omit<AttemptActions, 'mayBegin' | 'mayBeginForMs'>,
  ): Attempt {
    const { rules, standing } = this.#parts
    return new Attempt(claimed, this.#partsOfEach, {
      ...following,
      mayBegin: () => rules.mayBegin(session, standing()),
      mayBeginForMs: () => {
        const now = standing()
        return rules.mayBegin(session, now) ? now.validForMs : 0
      },
    })
  }

  #makeHost(claimed: ClaimedTask, attempt: Attempt, holdsPlace: boolean): AttemptJobHost {
    const actions = {
      attempt,
      output: (stream: 'stdout' | 'stderr', line: string) => this.#parts.output(claimed, stream, line),
      onParked: (parked: boolean) => this.#noteParked(claimed, parked),
    }
    return new AttemptJobHost(claimed, this.#partsOfHosts, actions, holdsPlace)
  }

  /** A place may have become free. */
  #lookForWork(): void {
    this.#ahead.fill()
    this.#parts.wakeClaims()
  }

  /** Whether there is nothing to look for: what was handed on took its place, or nothing waited. */
  #finish(running: Running, completion: Completion | null): boolean {
    const { events, clock } = this.#parts
    const { attempt, host, startedMs } = running
    const { task, epoch } = attempt.claimed.claim
    if (completion === null) {
      events.emit('task:dropped', { task, epoch, reason: attempt.error?.message ?? 'its claim was lost' })
      return false
    }
    if (completion.passedOn.length > 0) {
      // First of all: somebody waits for it, and may have something for this place in return.
      if (completion.handedOn.length === 0) host.leavePlace()
      this.#parts.onPassedOn(completion.passedOn)
    }
    const durationMs = clock.monotonicMs() - startedMs
    events.emit('task:ended', { task, epoch, state: completion.state, durationMs, error: attempt.error })
    const isLookVain = this.#handing.begin(running, completion)
    this.announce(attempt.claimed.run.id, completion)
    return isLookVain
  }

  /** Tells the mesh what followed from the end of an attempt. */
  announce(run: string, completion: Completion): void {
    this.#parts.announceReady(completion.ready)
    this.announceEnds({ run, ...completion })
    if (completion.state !== 'failed' && completion.state !== 'aborted') return
    this.#parts.mesh.publish({ kind: 'stopping', run })
    this.lookAtStandings()
  }

  announceEnds({ run, dagEnded, runEnded }: Ended): void {
    const { mesh, joins, events } = this.#parts
    if (dagEnded !== null) {
      mesh.publish({ kind: 'ended', run, dag: dagEnded })
      joins.look()
    }
    if (runEnded !== null) {
      mesh.publish({ kind: 'ended', run, dag: null })
      events.emit('run:ended', { run, state: runEnded })
    }
  }

  /** A fault of ours, not of the task: the task is given back so that it does not hang with us. */
  async #recover({ claimed, begun }: Attempt, error: unknown): Promise<void> {
    const { ledger, log, events } = this.#parts
    const { task, epoch } = claimed.claim
    log.error('an attempt could not be recorded; the task is given back', { task, error })
    const { message } = toErrorRecord(error)
    await ledger
      .release(claimed.claim, { reason: message, notBefore: null, uncounted: false, begun })
      .catch(failure => log.error('the task could not be given back either', { task, error: failure }))
    events.emit('task:dropped', { task, epoch, reason: message })
  }

  #noteParked({ claim }: ClaimedTask, parked: boolean): void {
    const running = this.#running.get(claim.claimId)
    if (running !== undefined) running.parked = parked
    this.#parts.onLoad()
  }
}

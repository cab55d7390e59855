/**
 * The attempts that this peer holds: started, finished, ended from outside, and compared with what the ledger says. Owns their place
 * in the capacity from the claim to the end.
 */
import { type ErrorRecord, toErrorRecord } from '../core/errors.ts'
import type { EventHub } from '../core/events.ts'
import { TransientMap, TransientSet } from '../core/transient.ts'
import type {
  ClaimedTask,
  Completion,
  Foreseen,
  HandOn,
  Ledger,
  PassedTask,
  PassOn,
  ReadyTask,
} from '../ledger/ledger.ts'
import type { Claim } from '../lease/records.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { makeClaimId } from '../../protocols/ids.ts'
import { hasNeeds } from '../workflow/needs.ts'
import { Attempt, type AttemptActions, type AttemptParts, type Ending } from './attempt.ts'
import { RepeatedTurn } from './background.ts'
import type { Capacity } from './capacity.ts'
import type { SupervisorEvents } from './events.ts'
import { ClaimsAhead } from './claims-ahead.ts'
import { EarlyStart } from './early-start.ts'
import { EarlyStarts } from './early-starts.ts'
import { AttemptJobHost, type JobHostParts } from './job-host.ts'
import type { JoinWatch } from './join-watch.ts'
import type { Standing } from './lease-rules.ts'
import { Unrecorded } from './reconcile.ts'
import type { Resources } from './resources.ts'
import type { Rules } from './rules.ts'
import type { SupervisorParts } from './supervisor-parts.ts'
import { Turn } from './turn.ts'
import { RECONCILE_EVERY_MS, type Timing } from './timing.ts'

export interface Claimant {
  session: string
  /** libp2p peer id. */
  peer: string
  queues: readonly string[]
}

type PartsOfSupervisor =
  | 'ledger'
  | 'payloads'
  | 'namedFiles'
  | 'workers'
  | 'clock'
  | 'random'
  | 'log'
  | 'bundleFile'
  | 'scratchOf'
  | 'removeScratch'
  | 'output'

export interface AttemptsParts extends Pick<SupervisorParts, PartsOfSupervisor> {
  mesh: Pick<Mesh, 'publish' | 'peer'>
  capacity: Capacity
  resources: Resources
  joins: JoinWatch
  events: EventHub<SupervisorEvents>
  timing: Timing
  rules: Pick<Rules, 'findStrays' | 'mayBegin' | 'mayBeginEarly'>
  peer: { name: string; host: string }
  /** Null while nothing may be claimed. */
  claimant: () => Claimant | null
  /** How the peer's session stands now. */
  standing: () => Standing
  /** Where copies of a payload may be kept: peers (ids), the best first. */
  copyPlaces: (hash: string) => string[]
  /** Whether this peer (id) has a live session, as of the last look. */
  isAlive: (peer: string) => boolean
  /** Something ready appeared here. */
  wakeClaims: () => void
  /** A place became free; `isVain`: it is taken again already, or nothing waited for it a moment ago. */
  refill: (isVain: boolean) => void
  /** Some of the queues of this peer are for tasks that need resources. */
  servesNeeds: boolean
  announceReady: (tasks: readonly Pick<ReadyTask, 'queue' | 'run'>[]) => void
  /** How busy this peer is has changed. */
  onLoad: () => void
  /** What may be claimed for others; undefined when nobody could have it. */
  passOn: () => PassOn | undefined
  /** These are being claimed for others and may begin early. `placesLeft`: places of this peer that will be free by then. */
  onForeseen: (passed: readonly PassedTask[], placesLeft: number) => void
  /** These were claimed for others, who are to be told. */
  onPassedOn: (passed: readonly PassedTask[]) => void
  /** Something may be claimed for this peer by others. */
  lookAtPassed: () => void
  /** Aborts when the peer leaves for good: nothing waits for the ledger any more. */
  signal: AbortSignal
}

interface Start {
  session: string
  /** How many came before it by hand-on. */
  chain: number
  /** Claimed ahead of a place. */
  waits: boolean
  /** Of tasks that are over in no time there are too many to tell of each: who tries one in vain learns it as fast. */
  isTiny?: boolean
  /** Another peer claims it for this one. */
  isPassed?: true
  /** It began by a word, and nothing of it was recorded: something may be claimed for this peer all the same. */
  isRefused?: true
  /** It begins before its claim is known to be in the ledger. */
  early?: EarlyStart
}

interface Running extends Start {
  /** Of one that was claimed ahead. */
  turn: Turn | null
  attempt: Attempt
  host: AttemptJobHost
  /** When it was claimed, or, having waited, got its place. */
  startedMs: number
  parked: boolean
  /** What its completion asks for besides. */
  hand: HandOn | null
  /** It asked while many were being claimed ahead; when it is answered, these may have been. */
  asksForTiny: boolean
  /** What began of that before it was answered. */
  begun: Map<string, Running>
  answered: (() => void)[]
  over: Promise<void>
}

type BeforeIt = Pick<Running, 'session' | 'chain' | 'begun' | 'asksForTiny'>

/** Hand-ons in a row that favour the successors of what the peer ran before; the next one favours nothing (H12). */
const MAX_CHAIN = 8

/**
 * On one host nobody is nearer to the data than this peer, so the place of an ending attempt may go to any task, which saves two calls of the
 * ledger; where hosts differ, who takes what waits is found out by rank. After a long chain nothing is favoured any more.
 */
function chooseHandOn(chain: number, { oneHost, handsOnWaiting }: Ledger['traits']): HandOn['choice'] | null {
  const mayTakeWaiting = oneHost && handsOnWaiting
  if (chain >= MAX_CHAIN) return mayTakeWaiting ? 'in-turn' : null
  return mayTakeWaiting ? 'successors-first' : 'successors'
}

function nextInChain(chain: number): number {
  return chain >= MAX_CHAIN ? 0 : chain + 1
}

/** Whether it could begin without waiting for anything: another one must not be held up by what is fetched for it. */
function isAtHand({ inputs, start }: ClaimedTask): boolean {
  return (start === null || start.inline !== null) && inputs.every(({ payload }) => payload.inline !== null)
}

/**
 * What its place was taken for. On a busy machine most of `heldMs` is the way to a worker and back, which those that line up there do not take: by that,
 * tasks that do nothing would count as long, be claimed one by one, and each go that way. What had to be fetched for it does count.
 */
function takenMs({ claimed, ranMs }: Attempt, heldMs: number): number {
  return ranMs !== null && isAtHand(claimed) ? ranMs : heldMs
}

/** Whether it waits for a place, and goes on waiting: a worker does not begin it any more. */
function isWaiting({ waits, turn }: Running): boolean {
  return waits && turn?.takeBack() !== false
}

/** Whether others may have it on their list: not what became ready in the very write that claimed it. */
function wasSeenReady({ task: { readyAt, claimedAt } }: ClaimedTask): boolean {
  return readyAt === null || readyAt !== claimedAt
}

export class Attempts {
  /** Attempts that had all their inputs. */
  fetched = 0
  readonly #parts: AttemptsParts
  readonly #partsOfEach: AttemptParts
  readonly #partsOfHosts: JobHostParts
  readonly #running = new TransientMap<string, Running>()
  readonly #standings: RepeatedTurn
  readonly #ahead: ClaimsAhead
  /** Claim ids that the ledger was asked for and has not answered about: they are nobody's strays. */
  readonly #awaited = new TransientSet<string>()
  #strays: ReadonlySet<string> = new Set()
  /** Claim ids of those that were given back last. */
  #returned: ReadonlySet<string> = new Set()
  readonly #early: EarlyStarts<Running>
  readonly #unrecorded = new Unrecorded()
  #reconciledMs = Number.NEGATIVE_INFINITY

  constructor(parts: AttemptsParts) {
    this.#parts = parts
    this.#partsOfEach = { ...parts, self: parts.mesh.peer, onFetched: () => (this.fetched += 1) }
    this.#partsOfHosts = { ...parts, onStopping: () => this.lookAtStandings(), onReady: () => this.#lookForWork() }
    this.#ahead = new ClaimsAhead(parts.clock, parts.capacity)
    this.#early = new EarlyStarts({ ...parts, onKept: running => this.#tellOfStart(running) })
    // Failures need no word here: the sweep looks again and tells of the ledger's health.
    this.#standings = new RepeatedTurn(parts.clock, () => this.#lookAtStandings(), {
      everyMs: null,
      onHealth: () => {},
    })
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

  /** Begins what another peer claimed for `session`. Without a place it waits for one as what is claimed ahead does; who leaves gives it back. */
  takePassed(claimed: ClaimedTask, session: string): void {
    const { capacity, claimant, announceReady } = this.#parts
    const { claimId } = claimed.claim
    const known = this.#running.get(claimId)
    if (known !== undefined) return this.#early.confirm(known)
    if (this.#returned.has(claimId)) return
    const mayRun = claimant()?.session === session
    const waits = !mayRun || capacity.free === 0 || this.#ahead.size > 0
    if (!waits) capacity.take(1)
    this.#start(claimed, { session, chain: 0, waits, isPassed: true })
    if (mayRun) return this.fillPlaces()
    const running = this.#running.get(claimId)
    running?.answered.push(() => announceReady([claimed.task]))
    running?.attempt.end({ kind: 'release', error: NO_PLACE })
  }

  /** Begins a pure task that another peer is claiming for `session`, when it could begin at once: else it is looked up when that is written. */
  takeEarly(claimed: ClaimedTask, session: string): void {
    const { capacity, claimant } = this.#parts
    const { claimId } = claimed.claim
    const me = claimant()
    const isMine = me?.session === session && me.queues.includes(claimed.task.queue)
    const isOld = this.#running.has(claimId) || this.#returned.has(claimId) || this.#early.isOver(claimId)
    if (!isMine || isOld || capacity.free === 0 || this.#ahead.size > 0 || !isAtHand(claimed)) return
    capacity.take(1)
    this.#start(claimed, { session, chain: 0, waits: false, isPassed: true, early: new EarlyStart() })
  }

  /** These are claimed for this peer, says who did it. Whether all of them run here, or have ended. */
  confirmPassed(claims: readonly Claim[]): boolean {
    for (const claim of claims) {
      const running = this.#running.get(claim.claimId)
      if (running !== undefined) this.#early.confirmClaim(claim, running)
      else if (!this.#early.isOver(claim.claimId)) return false
    }
    return claims.length > 0
  }

  #start(claimed: ClaimedTask, start: Start): Running {
    const attempt = this.#makeAttempt(claimed, start.session, {
      handOn: () => this.#handOn(running),
      onForeseen: foreseen => this.#foresee(running, foreseen),
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
      await this.#recover(attempt, error)
    } finally {
      this.#early.drop(running.begun.values())
      if (completion === null && attempt.begun && claimed.task.effect === 'exclusive')
        this.#unrecorded.note(claimed.claim)
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
    this.#standings.wake()
  }

  /** The rest of a sweep: claims that were lost or are being stopped, and tasks that are held but not run. */
  async compareWithLedger(session: string): Promise<void> {
    await Promise.all([this.#lookAtStandings(), this.#giveBackStrays(session)])
  }

  stop(): Promise<void> {
    return this.#standings.stop()
  }

  #makeAttempt(
    claimed: ClaimedTask,
    session: string,
    following: Pick<AttemptActions, 'handOn' | 'onForeseen' | 'onEnded' | 'early'>,
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

  /**
   * The body has ended. Its place goes at once to a task that waits for one, else, with the completion, to a successor or to what waits in the
   * ledger. One that ends in a join has none to give.
   */
  #handOn(running: Running): HandOn | null {
    const { ledger, claimant, clock, random, capacity } = this.#parts
    const { attempt, host, session, chain, startedMs } = running
    this.#ahead.note(attempt.claimed, takenMs(attempt, clock.monotonicMs() - startedMs))
    const me = claimant()
    if (me === null || me.session !== session || running.parked) return null
    const { handsOnWaiting } = ledger.traits
    const ids = (count: number): string[] => Array.from({ length: count }, () => makeClaimId(random))
    // Also where hosts differ: what takes so little time is near to everybody.
    const aheadIds = ids(handsOnWaiting && !capacity.isAwaited ? this.#ahead.wanted(attempt.claimed) : 0)
    const passOn = this.#parts.passOn()
    const choice = chooseHandOn(chain, ledger.traits)
    // Who goes on after a join comes before anything new.
    const isPlaceGiven = this.#ahead.size > 0 || capacity.isAwaited || capacity.isOver
    const claimIds = ids(isPlaceGiven || choice === null ? 0 : 1)
    if (this.#ahead.size > 0 || capacity.isOver) {
      host.leavePlace()
      this.#ahead.fill()
    }
    if (claimIds.length + aheadIds.length === 0 && passOn === undefined) return null
    running.answered.push(this.awaiting([...claimIds, ...aheadIds]), this.#ahead.ask(aheadIds.length))
    running.asksForTiny = this.#ahead.isAsking
    running.hand = { session, queues: me.queues, claimIds, choice: choice ?? 'successors', aheadIds }
    if (passOn !== undefined) running.hand.passOn = passOn
    return running.hand
  }

  #foresee(running: Running, { handedOn, passedOn, handsOn }: Foreseen): void {
    this.#beginEarly(running, handedOn)
    // Somebody may have something for this place in return; it is left when the write is answered, which may claim something else for it.
    if (passedOn.length > 0) this.#parts.onForeseen(passedOn, handsOn ? 0 : 1)
  }

  /** The place of what has ended goes on with what follows from it, while that is being written. */
  #beginEarly(running: Running, handedOn: readonly ClaimedTask[]): void {
    const { capacity, claimant } = this.#parts
    const { host, hand, begun, session, chain } = running
    // Who leaves meanwhile deals with it when it is answered.
    if (claimant()?.session !== session) return
    for (const claimed of handedOn) {
      const { claimId } = claimed.claim
      const isForPlace = hand?.claimIds.includes(claimId) === true
      if (!isForPlace || begun.has(claimId) || this.#running.has(claimId) || !isAtHand(claimed)) continue
      capacity.take(1)
      host.leavePlace()
      const early = new EarlyStart(this.#parts.rules.mayBeginEarly(claimed.task))
      const start = { session, chain: nextInChain(chain), waits: false, early }
      begun.set(claimId, this.#start(claimed, start))
    }
  }

  /** Whether there is nothing to look for: what was handed on took its place, or nothing waited. */
  #finish({ attempt, host, startedMs, hand, ...before }: Running, completion: Completion | null): boolean {
    const { events, clock } = this.#parts
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
    this.#early.drop(before.begun.values(), completion.handedOn)
    const taken = completion.handedOn.filter(claimed => this.#startHandedOn(claimed, hand, before))
    this.announce(attempt.claimed.run.id, completion)
    return taken.length > 0 || this.#sawNothing(hand)
  }

  /** Whether nothing was waiting, when this was asked for in vain: what has come since is told of. What needs resources was not asked for. */
  #sawNothing(hand: HandOn | null): boolean {
    const { ledger, servesNeeds } = this.#parts
    const isAsked = hand !== null && hand.choice !== 'successors' && hand.claimIds.length > 0
    return isAsked && ledger.traits.handsOnWaiting && !servesNeeds
  }

  /** Whether it begins at once, or has begun. */
  #startHandedOn(claimed: ClaimedTask, hand: HandOn | null, { session, chain, begun, asksForTiny }: BeforeIt): boolean {
    if (this.#early.keep(begun.get(claimed.claim.claimId))) return true
    const aheadIds = hand?.aheadIds ?? []
    const waits = aheadIds.includes(claimed.claim.claimId)
    if (!waits) this.#parts.capacity.take(1)
    // What was at the front of the line was favoured by nobody.
    this.#start(claimed, { session, chain: waits ? 0 : nextInChain(chain), waits, isTiny: asksForTiny })
    return !waits
  }

  /** Tells the mesh what followed from the end of an attempt. */
  announce(run: string, completion: Completion): void {
    this.#parts.announceReady(completion.ready)
    this.#announceEnds(run, completion)
  }

  #announceEnds(run: string, { state, dagEnded, runEnded }: Completion): void {
    const { mesh, joins, events } = this.#parts
    if (dagEnded !== null) {
      mesh.publish({ kind: 'ended', run, dag: dagEnded })
      joins.look()
    }
    if (runEnded !== null) {
      mesh.publish({ kind: 'ended', run, dag: null })
      events.emit('run:ended', { run, state: runEnded })
    }
    if (state === 'failed' || state === 'aborted') {
      mesh.publish({ kind: 'stopping', run })
      this.lookAtStandings()
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

  /** An attempt whose claim is lost runs for nobody; one whose run or DAG is being stopped is told so. */
  async #lookAtStandings(): Promise<void> {
    const running = Array.from(this.#running.values())
    if (running.length === 0) return
    // A claim that is being written is none yet.
    const unknown = new Set(running.filter(({ early }) => early?.isOpen === true))
    const askedMs = this.#parts.clock.monotonicMs()
    const standings = await this.#parts.ledger.verify(running.map(({ attempt }) => attempt.claimed.claim))
    for (const [index, one] of running.entries()) {
      const { attempt } = one
      if (standings[index] === 'stopping' && isWaiting(one)) attempt.end({ kind: 'release', error: STOPPING })
      else if (standings[index] === 'stopping') attempt.stop()
      if (standings[index] !== 'lost') this.#early.confirm(one)
      const mayCome = unknown.has(one) && this.#early.mayStillCome(one, askedMs)
      if (standings[index] === 'lost' && !mayCome) attempt.end({ kind: 'discard', error: LEASE_LOST }, 0)
    }
  }

  async #giveBackStrays(session: string): Promise<void> {
    const { ledger, clock, log } = this.#parts
    if (clock.monotonicMs() - this.#reconciledMs < RECONCILE_EVERY_MS) return
    const held = await ledger.claimsOf(session)
    // Dated from the answer: a slow one must not shorten the time that a claim on its way has until the second look.
    this.#reconciledMs = clock.monotonicMs()
    const known = new Set([...this.#running.keys(), ...this.#awaited])
    const { stray, seen } = this.#parts.rules.findStrays(held, known, this.#strays)
    this.#strays = seen
    this.#returned = new Set(stray.map(({ claimId }) => claimId))
    for (const claim of stray) {
      log.warn('a task is given back that this peer holds and does not run', { task: claim.task })
      const begun = this.#unrecorded.mayHold(claim)
      await ledger.release(claim, { reason: 'its claim was lost on the way', notBefore: null, uncounted: true, begun })
    }
  }
}

const LEASE_LOST: ErrorRecord = {
  code: 'LF_LEASE_LOST',
  message: 'This peer lost its lease on the task; another peer may be running it.',
}

const NO_PLACE: ErrorRecord = {
  code: 'LF_RELEASED',
  message: 'This peer had no place for the task as soon as it had thought; another peer may have one.',
}

const STOPPING: ErrorRecord = { code: 'LF_RELEASED', message: 'The run or the DAG is being stopped.' }

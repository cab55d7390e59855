/**
 * The attempts that this peer holds: started, finished, ended from outside, and compared with what the ledger says. Owns their place
 * in the capacity from the claim to the end.
 */
import type { Clock } from '../core/clock.ts'
import { type ErrorRecord, toErrorRecord } from '../core/errors.ts'
import type { EventHub } from '../core/events.ts'
import type { Log } from '../core/log.ts'
import type { Random } from '../core/random.ts'
import type { ClaimedTask, Completion, HandOn, Ledger, ReadyTask } from '../ledger/ledger.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { PayloadStore } from '../payload/payload-store.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import { makeClaimId } from '../../protocols/ids.ts'
import { Attempt, type Ending } from './attempt.ts'
import { RepeatedTurn } from './background.ts'
import type { Capacity } from './capacity.ts'
import type { SupervisorEvents } from './events.ts'
import { AttemptJobHost } from './job-host.ts'
import type { JoinWatch } from './join-watch.ts'
import type { Standing } from './lease-rules.ts'
import type { Rules } from './rules.ts'
import { RECONCILE_EVERY_MS, type Timing } from './timing.ts'

export interface Claimant {
  session: string
  /** libp2p peer id. */
  peer: string
  queues: readonly string[]
}

export interface AttemptsParts {
  ledger: Ledger
  mesh: Pick<Mesh, 'publish'>
  payloads: PayloadStore
  workers: WorkerPool
  clock: Clock
  random: Random
  log: Log
  bundleFile: (hash: string) => Promise<string>
  scratchOf: (claimed: ClaimedTask) => string
  removeScratch: (claimed: ClaimedTask) => Promise<void>
  output: (claimed: ClaimedTask, stream: 'stdout' | 'stderr', line: string) => void
  capacity: Capacity
  joins: JoinWatch
  events: EventHub<SupervisorEvents>
  timing: Timing
  rules: Pick<Rules, 'findStrays' | 'mayBegin'>
  peer: { name: string; host: string }
  /** Null while nothing may be claimed. */
  claimant: () => Claimant | null
  /** How the peer's session stands now. */
  standing: () => Standing
  /** Places became free, or something ready appeared here. */
  wakeClaims: () => void
  announceReady: (tasks: readonly ReadyTask[]) => void
  /** How busy this peer is has changed. */
  onLoad: () => void
  /** Aborts when the peer leaves for good: nothing waits for the ledger any more. */
  signal: AbortSignal
}

interface Start {
  startedMs: number
  session: string
  chain: number
}

interface Running {
  attempt: Attempt
  parked: boolean
  over: Promise<void>
}

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

export class Attempts {
  readonly #parts: AttemptsParts
  readonly #running = new Map<string, Running>()
  readonly #standings: RepeatedTurn
  /** Claim ids that the ledger was asked for and has not answered about: they are nobody's strays. */
  readonly #awaited = new Set<string>()
  #strays: ReadonlySet<string> = new Set()
  #reconciledMs = Number.NEGATIVE_INFINITY

  constructor(parts: AttemptsParts) {
    this.#parts = parts
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

  /**
   * Runs a task that `session` claimed and whose place in the capacity is taken. `chain`: how many came before it by hand-on.
   */
  start(claimed: ClaimedTask, session: string, chain = 0): void {
    const { mesh, removeScratch, events, log, onLoad, wakeClaims } = this.#parts
    const { task, epoch, claimId } = claimed.claim
    const startedMs = this.#parts.clock.monotonicMs()
    const handed: (() => void)[] = []
    const attempt = this.#makeAttempt(claimed, session, () => {
      const hand = this.#handOn(claimed, session, chain)
      if (hand !== null) handed.push(this.awaiting(hand.claimIds))
      return hand
    })
    const host = this.#makeHost(claimed, attempt)
    const over = attempt
      .run(host)
      .then(completion => this.#finish(attempt, completion, { startedMs, session, chain }))
      .catch(error => this.#recover(attempt, error))
      .finally(() => {
        this.#running.delete(claimId)
        for (const answered of handed) answered()
        host.close()
        onLoad()
        wakeClaims()
        removeScratch(claimed).catch(error => log.debug('a scratch folder stays', { task, error }))
      })
    this.#running.set(claimId, { attempt, parked: false, over })
    events.emit('task:claimed', { task, epoch, attempt: claimed.task.attempts })
    mesh.publish({ kind: 'claimed', task, epoch })
    onLoad()
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

  /** A leaving peer does not wait for joins: the task starts again elsewhere and finds the DAGs that it started. */
  giveBackParked(error: ErrorRecord): void {
    for (const { attempt, parked } of this.#running.values()) {
      if (parked && attempt.claimed.task.effect !== 'exclusive') attempt.end({ kind: 'release', error })
    }
  }

  /** Something is being stopped: looks, soon, which attempts must hear of it. */
  lookAtStandings(): void {
    this.#standings.wake()
  }

  /** The rest of a sweep: claims that were lost or are being stopped, and tasks that are held but not run. */
  async compareWithLedger(session: string): Promise<void> {
    await this.#lookAtStandings()
    await this.#giveBackStrays(session)
  }

  stop(): Promise<void> {
    return this.#standings.stop()
  }

  #makeAttempt(claimed: ClaimedTask, session: string, handOn: () => HandOn | null): Attempt {
    return new Attempt(claimed, {
      ...this.#parts,
      mayBegin: () => this.#parts.rules.mayBegin(session, this.#parts.standing()),
      handOn,
    })
  }

  #makeHost(claimed: ClaimedTask, attempt: Attempt): AttemptJobHost {
    return new AttemptJobHost(claimed, {
      ...this.#parts,
      signal: attempt.signal,
      output: (stream, line) => this.#parts.output(claimed, stream, line),
      onStopping: () => this.lookAtStandings(),
      onReady: this.#parts.wakeClaims,
      onParked: parked => this.#noteParked(claimed, parked),
    })
  }

  /** The place of the ending attempt may go straight to one of its successors, or to what waits. One that ends in a join has none to give. */
  #handOn({ claim }: ClaimedTask, session: string, chain: number): HandOn | null {
    const { ledger, claimant, random } = this.#parts
    const me = claimant()
    if (me === null || me.session !== session || this.#running.get(claim.claimId)?.parked === true) return null
    const choice = chooseHandOn(chain, ledger.traits)
    return choice === null ? null : { session, queues: me.queues, claimIds: [makeClaimId(random)], choice }
  }

  #finish(attempt: Attempt, completion: Completion | null, { startedMs, session, chain }: Start): void {
    const { events, clock, capacity } = this.#parts
    const { task, epoch } = attempt.claimed.claim
    if (completion === null) {
      events.emit('task:dropped', { task, epoch, reason: attempt.error?.message ?? 'its claim was lost' })
      return
    }
    const durationMs = clock.monotonicMs() - startedMs
    events.emit('task:ended', { task, epoch, state: completion.state, durationMs, error: attempt.error })
    capacity.take(completion.handedOn.length)
    const next = chain < MAX_CHAIN ? chain + 1 : 0
    for (const task of completion.handedOn) this.start(task, session, next)
    this.announce(attempt.claimed.run.id, completion)
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
    const attempts = Array.from(this.#running.values(), ({ attempt }) => attempt)
    if (attempts.length === 0) return
    const standings = await this.#parts.ledger.verify(attempts.map(({ claimed }) => claimed.claim))
    for (const [index, attempt] of attempts.entries()) {
      if (standings[index] === 'stopping') attempt.stop()
      if (standings[index] === 'lost') attempt.end({ kind: 'discard', error: LEASE_LOST }, 0)
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
    for (const claim of stray) {
      log.warn('a task is given back that this peer holds and does not run', { task: claim.task })
      // It is not known any more whether its body had begun.
      await ledger.release(claim, {
        reason: 'its claim was lost on the way',
        notBefore: null,
        uncounted: true,
        begun: true,
      })
    }
  }
}

const LEASE_LOST: ErrorRecord = {
  code: 'LF_LEASE_LOST',
  message: 'This peer lost its lease on the task; another peer may be running it.',
}

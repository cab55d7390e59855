/**
 * The invariants, checked at every commit of the ledger. It knows the rules only from their statement: nothing of `src/lease` is used
 * to judge what `src/lease` decided.
 */
import type { Claim, DeathProof, RunState, SessionRecord, TaskRecord, TaskState } from '../../src/lease/records.ts'
import type { InputLoss } from '../../src/lease/lost-inputs.ts'
import type { RunHead } from '../../src/ledger/tables.ts'
import type { OperationName } from '../../src/ledger/transactions/operations.ts'
import { taskId } from '../../protocols/ids.ts'
import { sameClaim } from './bodies.ts'
import { BurialEvidence, type Evidence } from './burial-evidence.ts'
import type { LedgerWeather } from './faulty-ledger.ts'
import type { Change, RecordingTables } from './recording-tables.ts'
import type { World } from './world.ts'

export interface CheckerOptions {
  world: World
  tables: () => RecordingTables
  /** Fastest clock of any peer, against the world's. */
  maxRate: number
  /** Slowest clock. */
  minRate: number
  isGone: (session: string) => boolean
  /** When the process of this session last came back from being suspended. */
  resumedAtMs: (session: string) => number
  /** When its process died; null = it did not. */
  diedAtMs: (session: string) => number | null
  /** Connections to this session's process were refused in its name. */
  isWalledOff: (session: string) => boolean
  weather: Pick<LedgerWeather, 'longOutageEndMs' | 'faults'>
  /** An outage counts as long when it lasts half of this. */
  baseTtlMs: number
  sameTtls: boolean
}

const LOCK_DELAY_MS = 10_000
const MAX_DEATHS = 3
const MAX_REMAKES = 3

/** Where a task may go from each state. */
const NEXT_STATES: Readonly<Record<TaskState, readonly TaskState[]>> = {
  blocked: ['ready', 'skipped', 'cancelled'],
  // Blocked again: an input is being made again.
  ready: ['claimed', 'cancelled', 'blocked'],
  claimed: ['done', 'stopped', 'failed', 'aborted', 'ready', 'lost', 'cancelled', 'blocked'],
  lost: ['ready', 'failed', 'cancelled'],
  done: [],
  skipped: [],
  stopped: [],
  failed: [],
  aborted: [],
  cancelled: [],
}

export class Checker {
  burials = 0
  silentBurials = 0
  takeovers = 0
  /** By refused dials, from the death of the process to the moment at which its task could be claimed again. */
  readonly refusedTakeoversMs: number[] = []
  claims = 0
  /** Tasks that were made to run again for what they had left. */
  remakes = 0
  /** To be told of what peers call and of what they are answered. */
  readonly evidence = new BurialEvidence(() => this.#evidence())
  readonly #options: CheckerOptions
  readonly #fences = new Set<string>()
  readonly #lastBeat = new Map<string, number>()
  readonly #earlyBurials: { id: string; atMs: number }[] = []
  readonly #takenOverAt = new Map<string, { atMs: number; proof: DeathProof | null }>()

  constructor(options: CheckerOptions) {
    this.#options = options
  }

  committed(name: OperationName, args: readonly unknown[], changes: readonly Change[]): void {
    if (changes.length > 0) this.#tellChanges(name, changes)
    for (const change of changes) {
      if (change.row === 'task') this.#task(name, args, change.before, change.after)
      if (change.row === 'session') this.#session(name, args, change.before, change.after)
      if (change.row === 'run') this.#run(change.before, change.after)
    }
    if (name === 'storeWrite') this.#fenced(name, args[0] as Claim)
    if (name === 'startDag' && changes.length > 0) this.#fenced(name, args[0] as { claim: Claim })
  }

  #tellChanges(name: OperationName, changes: readonly Change[]): void {
    const { world } = this.#options
    for (const change of changes) {
      if (change.row === 'task') {
        const { before, after } = change
        if (before === undefined) continue
        const owner = after.owner === null ? '' : ` by ${this.#nameOf(after.owner)}`
        world.tell(`ledger ${name}: ${after.id} ${before.state} -> ${after.state} epoch ${after.epoch}${owner}`)
      } else if (change.row === 'session' && change.before?.state !== change.after.state) {
        const { name: peer, id, state, deathProof } = change.after
        world.tell(`ledger ${name}: session ${peer} ${id.slice(0, 6)} ${state} ${deathProof ?? ''}`)
      } else if (change.row === 'run' && change.before?.state !== change.after.state) {
        world.tell(`ledger ${name}: ${change.after.id} ${change.after.state}`)
      }
    }
  }

  #nameOf(session: string): string {
    return `${this.#options.tables().session(session)?.name ?? '?'} ${session.slice(0, 6)}`
  }

  #fail(invariant: string, message: string): void {
    this.#options.world.violate(invariant, message)
  }

  // --- tasks ------------------------------------------------------------------------------------------------------------------------

  #task(name: OperationName, args: readonly unknown[], before: TaskRecord | undefined, after: TaskRecord): void {
    if (before === undefined) return
    const { id } = after
    const isLegal = NEXT_STATES[before.state].includes(after.state)
    if (isRemade(name, before, after)) this.#remade(args[1] as InputLoss, before, after)
    else if (!isLegal && !isOnlyNoted(name, before, after))
      this.#fail('I10', `${id} goes from ${before.state} to ${after.state} by ${name}`)
    if (after.epoch < before.epoch) this.#fail('I1', `the epoch of ${id} goes back`)
    if (after.state === 'claimed') this.#claimed(before, after)
    if (before.state === 'claimed') this.#leftClaim(name, args, before, after)
  }

  #remade({ inputs }: InputLoss, { id, name, epoch, effect }: TaskRecord, { remade }: TaskRecord): void {
    this.remakes += 1
    if (effect === 'exclusive') this.#fail('I6', `exclusive ${id} is to run again for what it left`)
    if (!inputs.some(input => input.task === name && input.epoch === epoch))
      this.#fail('H8', `${id} is to run again although its last output is not the one that was lost`)
    if ((remade?.times ?? 0) > MAX_REMAKES) this.#fail('H8', `${id} runs again for the ${remade?.times}. time`)
  }

  /** I7: nobody starts while an input is missing or being made again. */
  #inputsAreMade({ run, dag, name, id }: TaskRecord): void {
    const tables = this.#options.tables()
    const edges = tables.blueprint(run, tables.dag(run, dag)?.blueprint ?? '')?.edges ?? []
    for (const { from, to } of edges) {
      const state = to === name ? tables.task(taskId(run, dag, from))?.state : undefined
      if (state !== undefined && NEXT_STATES[state].length > 0)
        this.#fail('I7', `${id} is claimed while its predecessor ${from} is ${state}`)
    }
  }

  #claimed(before: TaskRecord, after: TaskRecord): void {
    const { id, epoch, claimId, owner } = after
    const tables = this.#options.tables()
    this.claims += 1
    if (epoch <= before.epoch) this.#fail('I1', `${id} is claimed without a new epoch`)
    const fence = `${id} ${epoch} ${claimId}`
    if (this.#fences.has(fence)) this.#fail('I1', `${fence} is used twice`)
    this.#fences.add(fence)
    const session = tables.session(owner ?? '')
    if (session === undefined || session.state === 'dead') this.#fail('I4', `a dead session claims ${id}`)
    if (session?.queues.includes(after.queue) === false)
      this.#fail('queue', `${id} is claimed by a peer without its queue`)
    if (after.attempts !== before.attempts + 1) this.#fail('I9', `the attempt at ${id} is not counted at its claim`)
    const stop = tables.run(after.run)?.stop ?? tables.dag(after.run, after.dag)?.stop ?? null
    if (stop !== null) this.#fail('I10', `${id} is claimed although its run or DAG is being stopped`)
    this.#inputsAreMade(after)
    this.#lockDelay(after)
  }

  /** The last effects of an owner that may only be frozen get time to land. */
  #lockDelay({ id, effect }: TaskRecord): void {
    const taken = this.#takenOverAt.get(id)
    this.#takenOverAt.delete(id)
    if (taken === undefined || effect !== 'idempotent') return
    const isProven =
      taken.proof === 'lock' || taken.proof === 'left' || taken.proof === 'restart' || taken.proof === 'refused'
    if (isProven || this.#options.world.nowMs - taken.atMs >= LOCK_DELAY_MS) return
    this.#fail('lock delay', `${id} is claimed too soon after a death that nobody proved`)
  }

  #leftClaim(name: OperationName, args: readonly unknown[], before: TaskRecord, after: TaskRecord): void {
    const owner = this.#options.tables().session(before.owner ?? '')
    if (name === 'complete' || name === 'release' || name === 'loseInputs') {
      if (!sameClaim(before, args[0] as Claim))
        this.#fail('I2', `${name} of ${after.id} with a claim that is not the current one`)
    } else if (name === 'reclaim') {
      this.takeovers += 1
      const diedAtMs = this.#options.diedAtMs(before.owner ?? '')
      if (owner?.deathProof === 'refused' && diedAtMs !== null)
        this.refusedTakeoversMs.push(this.#options.world.nowMs - diedAtMs)
      if (owner !== undefined && owner.state !== 'dead')
        this.#fail('I3', `${after.id} is taken from a session that is not buried`)
      if (after.state === 'ready') {
        if (after.effect === 'exclusive') this.#fail('I6', `exclusive ${after.id} is taken over`)
        this.#takenOverAt.set(after.id, { atMs: this.#options.world.nowMs, proof: owner?.deathProof ?? null })
      }
      const deaths = after.history.filter(
        ({ end, session }) => end === 'owner-died' && !this.#wasSentOrLeft(session),
      ).length
      if (deaths >= MAX_DEATHS && after.state === 'ready')
        this.#fail('quarantine', `${after.id} killed ${deaths} peers and is tried again`)
    } else this.#fail('I2', `${name} ends the claim on ${after.id}`)
    if (after.state === 'ready' && after.failures > after.retries) this.#fail('I9', `${after.id} is repeated too often`)
  }

  #wasSentOrLeft(session: string): boolean {
    const proof = this.#options.tables().session(session)?.deathProof
    return proof === 'left' || proof === 'evicted'
  }

  /** A write for a task needs its current claim: looked up after the commit, which does not change it. */
  #fenced(name: OperationName, given: Claim | { claim: Claim }): void {
    const claim = 'claim' in given ? given.claim : given
    if (sameClaim(this.#options.tables().task(claim.task), claim)) return
    this.#fail('I2', `${name} for ${claim.task} with a claim that is not the current one`)
  }

  // --- sessions ---------------------------------------------------------------------------------------------------------------------

  #session(
    name: OperationName,
    args: readonly unknown[],
    before: SessionRecord | undefined,
    after: SessionRecord,
  ): void {
    const { world } = this.#options
    if (before === undefined) this.#opened(after)
    if (before?.state === 'dead')
      this.#fail('I4', `buried session ${after.name} ${after.id.slice(0, 6)} is changed by ${name}`)
    if (before === undefined || after.beat !== before.beat) this.#lastBeat.set(after.id, world.nowMs)
    if (before !== undefined && after.beat < before.beat) this.#fail('I4', `the beat of ${after.name} goes back`)
    if (after.state === 'dead' && after.deathProof !== 'left') this.#buried(after, args)
  }

  #opened({ id, peer }: SessionRecord): void {
    const same = this.#options
      .tables()
      .openSessionsOfPeer(peer)
      .filter(session => session.id !== id)
    if (same.length > 0) this.#fail('H14', `${peer} has two sessions at a time`)
  }

  #buried({ id, name, deathProof, ttlMs, buriedBy }: SessionRecord, args: readonly unknown[]): void {
    this.burials += 1
    if (deathProof === 'lock' && !this.#options.isGone(id)) this.#fail('I3', `${name} is buried by its lock but runs`)
    if (deathProof === 'refused') this.#refused(id, name)
    // By hand: see the incidents.
    if (deathProof !== 'silence' || buriedBy === 'operator') return
    this.silentBurials += 1
    const evidence = this.evidence.of(args)
    const silentMs = evidence.atMs - (this.#lastBeat.get(id) ?? 0)
    const leastMs = ttlMs / this.#options.maxRate - 1
    if (silentMs < leastMs) {
      this.#fail(
        'H3',
        `${name} is buried for silence ${silentMs.toFixed(0)} ms after its last beat, by ${this.#nameOf(buriedBy ?? '')}`,
      )
    }
    // An observer that was suspended has counted the whole TTL while it was awake, before the outage and after it.
    if (this.#options.resumedAtMs(buriedBy ?? '') > (this.#lastBeat.get(id) ?? 0)) return
    // For a session of a longer TTL the outage was not long enough that an observer must count anew.
    if (ttlMs <= this.#options.baseTtlMs) this.#afterOutage(name, ttlMs, evidence)
    // Among sessions of other TTLs observers do not suspect all of them at the same time.
    if (this.#options.sameTtls) this.#brake({ id, ttlMs, silentMs }, evidence)
  }

  #refused(id: string, name: string): void {
    const { isGone, isWalledOff, tables, weather, world } = this.#options
    if (!isGone(id) && !isWalledOff(id)) this.#fail('I3', `${name} is buried for refused dials but listens`)
    const { spikes, hangs, staleReads } = weather.faults
    if (spikes + hangs + staleReads > 0) return
    const held = tables()
      .claimedBy(id)
      .find(({ effect, claimedAt }) => effect === 'exclusive' && world.nowMs - (claimedAt ?? 0) > 1000)
    if (held !== undefined) this.#fail('I6', `${name} is buried for refused dials while it holds exclusive ${held.id}`)
  }

  /** Silence during an outage is no evidence. */
  #afterOutage(name: string, ttlMs: number, { atMs, longOutageEndMs }: Evidence): void {
    const sinceMs = atMs - longOutageEndMs
    if (sinceMs >= ttlMs / this.#options.maxRate - 1) return
    this.#fail('L5', `${name} is buried for silence ${sinceMs.toFixed(0)} ms after an outage`)
  }

  /** When many fell silent together, nobody is buried before another TTL has passed. */
  #brake({ id, ttlMs, silentMs }: { id: string; ttlMs: number; silentMs: number }, { atMs, open }: Evidence): void {
    const { minRate, maxRate } = this.#options
    if (silentMs >= (1.9 * ttlMs) / maxRate) return
    this.#earlyBurials.push({ id, atMs })
    const buried = this.#earlyBurials.filter(other => other.atMs <= atMs && atMs - other.atMs < 0.3 * ttlMs)
    // Counted among the silent only when even the slowest clock would say so.
    const stillOpen = open.filter(other => other.silentMs > other.ttlMs / minRate)
    const silent = idsOf([...stillOpen, ...buried]).size
    const all = idsOf([...open, ...buried]).size
    if (silent < 4 || silent <= 0.5 * all) return
    this.#fail('L5', `${silent} of ${all} peers are silent and one is buried after ${silentMs.toFixed(0)} ms`)
  }

  #evidence(): Evidence {
    const { world, weather, tables } = this.#options
    const open = tables().openSessions()
    return {
      atMs: world.nowMs,
      longOutageEndMs: weather.longOutageEndMs,
      open: open.map(({ id, ttlMs }) => ({ id, ttlMs, silentMs: world.nowMs - (this.#lastBeat.get(id) ?? 0) })),
    }
  }

  // --- runs -------------------------------------------------------------------------------------------------------------------------

  #run(before: RunHead | undefined, after: RunHead): void {
    if (before === undefined || before.state === 'running') return this.#ended(after.state, after)
    if (after.state !== before.state) this.#fail('I10', `run ${after.id} goes from ${before.state} to ${after.state}`)
  }

  #ended(state: RunState, { id }: RunHead): void {
    if (state === 'running') return
    const tables = this.#options.tables()
    const tasks = tables.tasks(id)
    const open = tasks.filter(({ state }) => NEXT_STATES[state].length > 0)
    if (open.length > 0) this.#fail('I10', `run ${id} ends with ${open[0]?.id} ${open[0]?.state}`)
    const planned = tables.dags(id).flatMap(({ blueprint }) => tables.blueprint(id, blueprint)?.tasks ?? [])
    if (tasks.length < planned.length)
      this.#fail('whole', `run ${id} ends with ${tasks.length} of ${planned.length} tasks`)
  }
}

function idsOf(sessions: readonly { id: string }[]): Set<string> {
  return new Set(sessions.map(({ id }) => id))
}

/** Besides what its own attempts do to it: it is made to run again for one that needs what it left. */
function isRemade(name: OperationName, before: TaskRecord, after: TaskRecord): boolean {
  return name === 'loseInputs' && (before.state === 'done' || before.state === 'stopped') && after.state === 'ready'
}

/** Who holds its output is no change of its state. */
function isOnlyNoted(name: OperationName, before: TaskRecord, after: TaskRecord): boolean {
  return name === 'noteHolder' && before.state === after.state && before.epoch === after.epoch
}

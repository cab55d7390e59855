/**
 * Who is dialled when: a pure decision over the targets, their past tries and the time. Every target is tried for ever, with a delay
 * that grows up to a cap, so that a network that comes back is found within the cap, and a dead host costs little.
 *
 * Of two peers one has the first turn (`dial-turn.ts`): if both dialled at once there would be two connections. Two do no harm (see
 * `libp2p-mesh.ts`), they only cost a handshake and their upkeep.
 */
import type { Random } from '../../core/random.ts'
import { MAX_DIALS_AT_ONCE, MAX_RETRIES_AT_ONCE } from '../mesh-limits.ts'

export interface DialTarget {
  /** Peer id, or the address when the peer behind it is not known. */
  key: string
  addrs: readonly string[]
  /** The other side has the first turn: it gets a head start. */
  waits: boolean
}

export interface DialPlanOptions {
  random: Random
  /** Delay after the first failure; doubles with each further one. */
  firstDelayMs: number
  /** No delay grows beyond this. */
  maxDelayMs: number
  /** Head start of those who have the first turn, at least; at most twice this. It may be that they cannot reach us and we can reach them. */
  headStartMs: number
}

interface State {
  target: DialTarget
  tries: number
  dueMs: number
  dialling: boolean
}

export class DialPlan {
  readonly #options: DialPlanOptions
  #states = new Map<string, State>()

  constructor(options: DialPlanOptions) {
    this.#options = options
  }

  /** Replaces the targets. What is known about one is kept as long as its addresses stay the same. */
  setTargets(targets: readonly DialTarget[], nowMs: number): void {
    this.#states = new Map(targets.map(target => [target.key, this.#stateFor(target, nowMs)]))
  }

  /** The targets to dial now; each counts as being dialled until {@link ended}. */
  start(nowMs: number, isConnected: (key: string) => boolean): DialTarget[] {
    const all = Array.from(this.#states.values())
    const running = all.filter(({ dialling }) => dialling)
    let free = MAX_DIALS_AT_ONCE - running.length
    let freeForRetries = MAX_RETRIES_AT_ONCE - running.filter(({ tries }) => tries > 1).length
    const due = all.filter(state => !state.dialling && state.dueMs <= nowMs && !isConnected(state.target.key))
    const started: DialTarget[] = []
    for (const state of due.toSorted((one, other) => one.tries - other.tries || one.dueMs - other.dueMs)) {
      if (free === 0 || (state.tries > 0 && freeForRetries === 0)) break
      free--
      if (state.tries > 0) freeForRetries--
      state.dialling = true
      // A try is a failure until the peer has introduced itself: one that turns us away lets the dial succeed first.
      state.tries++
      started.push(state.target)
    }
    return started
  }

  ended(key: string, nowMs: number): void {
    const state = this.#states.get(key)
    if (state === undefined) return
    state.dialling = false
    state.dueMs = nowMs + this.#delayMs(state.tries)
  }

  /** The peer introduced itself: it is alive and has let us in. */
  connected(key: string): void {
    const state = this.#states.get(key)
    if (state !== undefined) state.tries = 0
  }

  /** The connection was lost: dialled again soon, but not by everybody in the same moment, and by who has the first turn first. */
  disconnected(key: string, nowMs: number): void {
    const state = this.#states.get(key)
    if (state !== undefined) state.dueMs = this.#turnMs(state.target, nowMs) + this.#delayMs(1)
  }

  /** It was dialled since it was last connected, or is dialled just now. */
  isTried(key: string): boolean {
    return (this.#states.get(key)?.tries ?? 0) > 0
  }

  /** It is dialled, now or at some time. */
  isTarget(key: string): boolean {
    return this.#states.has(key)
  }

  /** When to look again; undefined when nothing is due until something happens. */
  nextDueMs(isConnected: (key: string) => boolean): number | undefined {
    const waiting = Array.from(this.#states.values()).filter(
      ({ dialling, target }) => !dialling && !isConnected(target.key),
    )
    return waiting.length === 0 ? undefined : Math.min(...waiting.map(({ dueMs }) => dueMs))
  }

  #stateFor(target: DialTarget, nowMs: number): State {
    const before = this.#states.get(target.key)
    if (before?.target.addrs.join() === target.addrs.join()) return Object.assign(before, { target })
    // Told of one address after the other, a peer that waits for its turn must not wait for ever.
    const dueMs = Math.min(this.#turnMs(target, nowMs), before?.dueMs ?? Number.POSITIVE_INFINITY)
    return { target, tries: 0, dueMs, dialling: false }
  }

  #turnMs({ waits }: DialTarget, nowMs: number): number {
    const { headStartMs, random } = this.#options
    return waits ? nowMs + headStartMs * (1 + random.float()) : nowMs
  }

  #delayMs(tries: number): number {
    const { firstDelayMs, maxDelayMs, random } = this.#options
    const fullMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(tries - 1, 30))
    return fullMs * (0.5 + random.float() / 2)
  }
}

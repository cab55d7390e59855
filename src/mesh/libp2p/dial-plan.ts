/**
 * Who is dialled when: a pure decision over the targets, their past tries and the time. Every target is tried for ever, with a delay
 * that grows up to a cap, so that a network that comes back is found within the cap, and a dead host costs little.
 */
import type { Random } from '../../core/random.ts'
import { MAX_DIALS_AT_ONCE, MAX_RETRIES_AT_ONCE } from '../mesh-limits.ts'

export interface DialTarget {
  /** Peer id, or the address when the peer behind it is not known. */
  key: string
  addrs: readonly string[]
}

export interface DialPlanOptions {
  /** Own peer id. */
  self: string
  random: Random
  /** Delay after the first failure; doubles with each further one. */
  firstDelayMs: number
  /** No delay grows beyond this. */
  maxDelayMs: number
  /**
   * Head start of those who came later: they dial us as soon as they start, and if we dialled them too there would be two
   * connections. Two do no harm (see `libp2p-mesh.ts`), they only cost a handshake.
   */
  headStartMs: number
  /**
   * Over this time the first dials of a peer that starts are spread, in the order of the ids after its own, around the ring. When a
   * whole mesh starts at once, each pair is then dialled first from the side that is nearer, and seldom from both.
   */
  spreadMs: number
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
  #isFirstList = true

  constructor(options: DialPlanOptions) {
    this.#options = options
  }

  /** Replaces the targets. What is known about one is kept as long as its addresses stay the same. */
  setTargets(targets: readonly DialTarget[], nowMs: number): void {
    const places = ringPlaces(
      this.#options.self,
      targets.map(({ key }) => key),
    )
    const states = targets.map(
      target => this.#kept(target) ?? this.#fresh(target, nowMs + this.#waitMs(places.get(target.key) ?? 0)),
    )
    this.#states = new Map(states.map(state => [state.target.key, state]))
    this.#isFirstList &&= targets.length === 0
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

  /** The connection was lost: dialled again soon, but not by everybody in the same moment, and by the higher of the two ids later. */
  disconnected(key: string, nowMs: number): void {
    const state = this.#states.get(key)
    const headStartMs = key < this.#options.self ? this.#options.headStartMs : 0
    if (state !== undefined) state.dueMs = nowMs + headStartMs + this.#delayMs(1)
  }

  /** When to look again; undefined when nothing is due until something happens. */
  nextDueMs(isConnected: (key: string) => boolean): number | undefined {
    const waiting = Array.from(this.#states.values()).filter(
      ({ dialling, target }) => !dialling && !isConnected(target.key),
    )
    return waiting.length === 0 ? undefined : Math.min(...waiting.map(({ dueMs }) => dueMs))
  }

  #kept(target: DialTarget): State | undefined {
    const state = this.#states.get(target.key)
    const isSame = state?.target.addrs.join() === target.addrs.join()
    return isSame ? state : undefined
  }

  #fresh(target: DialTarget, dueMs: number): State {
    return { target, tries: 0, dueMs, dialling: false }
  }

  #waitMs(place: number): number {
    const { headStartMs, spreadMs } = this.#options
    return this.#isFirstList ? place * spreadMs : headStartMs
  }

  #delayMs(tries: number): number {
    const { firstDelayMs, maxDelayMs, random } = this.#options
    const fullMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(tries - 1, 30))
    return fullMs * (0.5 + random.float() / 2)
  }
}

/** How far each key is from `self` (0 is next, 1 all around), going up through the sorted keys. Of two that are equally far, the lower is first. */
function ringPlaces(self: string, keys: readonly string[]): Map<string, number> {
  const sorted = keys.toSorted()
  const after = sorted.filter(key => key > self)
  const before = sorted.filter(key => key <= self)
  const halfStep = (key: string) => (key < self ? 0.5 : 0)
  return new Map([...after, ...before].map((key, place) => [key, (place + halfStep(key)) / keys.length]))
}

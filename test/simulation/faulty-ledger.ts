/**
 * The ledger as one process sees it over a bad line: calls are late, answers get lost before or after the work was done, a call lands
 * long after its caller gave up, a read shows what was true some seconds ago. A dead process calls nothing and hears nothing.
 */
import type { Ledger, OnForeseen } from '../../src/ledger/ledger.ts'
import type { Draw } from './draw.ts'
import type { SimProcess } from './sim-process.ts'
import { unavailable } from './true-ledger.ts'

export interface LedgerFaults {
  /** Ordinary time of one way. */
  latencyMs: number
  /** Share of calls with up to `spikeMs` per way. */
  spikes: number
  spikeMs: number
  /** Share of calls whose outcome stays unknown: applied, not applied, or applied up to `lateMs` after the error. */
  appliedUnknown: number
  notAppliedUnknown: number
  appliedLate: number
  lateMs: number
  /** Share of calls that answer nothing until a limit. */
  hangs: number
  hangMs: number
  /** Share of reads that are answered with what the same read answered up to `staleMs` ago. */
  staleReads: number
  staleMs: number
  /** Share of `verify` answers that deny a claim younger than `staleMs`. */
  staleMisses: number
  /** Share of completions whose write is lost after what follows was told of. */
  lostCommits: number
}

export const NO_LEDGER_FAULTS: LedgerFaults = {
  latencyMs: 2,
  spikes: 0,
  spikeMs: 0,
  appliedUnknown: 0,
  notAppliedUnknown: 0,
  appliedLate: 0,
  lateMs: 0,
  hangs: 0,
  hangMs: 0,
  staleReads: 0,
  staleMs: 0,
  staleMisses: 0,
  lostCommits: 0,
}

/** Shared by all processes of a simulation: what happens to the ledger itself. */
export interface LedgerWeather {
  faults: LedgerFaults
  /** Nobody reaches it since then; null = it is there. */
  downSinceMs: number | null
  /** End of the last outage that was long enough to make every observer count anew. */
  longOutageEndMs: number
  calls: number
}

export interface FaultyLedgerParts {
  ledger: Ledger
  process: SimProcess
  weather: LedgerWeather
  draw: Draw
  /** When what is foretold arrives. */
  foretold: Draw
  onCall: (name: string, args: readonly unknown[]) => void
  onAnswer: (name: string, args: readonly unknown[], result: unknown) => void
}

const STALE_READS = new Set(['sessionBeats', 'sessionHeads', 'peekReady', 'dagStates', 'claimsOf', 'verify'])
/** A client gives up on a ledger that it cannot reach after about this time. */
const NO_ROUTE_MS = 40

export function makeFaultyLedger(parts: FaultyLedgerParts): Ledger {
  const calls = new LedgerCalls(parts)
  return new Proxy(parts.ledger, {
    get(target, name: string) {
      if (name === 'traits' || name === 'incarnation') return target[name]
      if (name === 'close') return async () => {}
      // Nobody is asked.
      if (name === 'readPassed') return (session: string, row: Uint8Array) => target.readPassed(session, row)
      return (...args: unknown[]) => calls.call(name, args)
    },
  })
}

class LedgerCalls {
  readonly #parts: FaultyLedgerParts
  readonly #earlier = new Map<string, { atMs: number; result: unknown }[]>()

  constructor(parts: FaultyLedgerParts) {
    this.#parts = parts
  }

  call(name: string, args: readonly unknown[]): Promise<unknown> {
    const { process, weather } = this.#parts
    return new Promise((resolve, reject) => {
      if (process.isDead || this.#crashes()) return
      weather.calls += 1
      this.#parts.onCall(name, args)
      this.#travel(name, args, {
        resolve: value =>
          process.enter(() => {
            if (this.#crashes()) return
            this.#parts.onAnswer(name, args, value)
            resolve(value)
          }),
        reject: error => process.enter(() => reject(error)),
      })
    })
  }

  /** A crash may hit between any two steps: before a call leaves, or when its answer arrives. */
  #crashes(): boolean {
    const { process } = this.#parts
    if (process.crashAfterCalls === null) return false
    process.crashAfterCalls -= 1
    if (process.crashAfterCalls > 0) return false
    process.world.tell(`${process.name} crashes at an await`)
    process.die()
    return true
  }

  #travel(name: string, args: readonly unknown[], answer: Answer): void {
    const { process, weather, draw } = this.#parts
    const { faults } = weather
    const { world } = process
    const wayMs = () => {
      if (draw.chance(faults.spikes)) return draw.between(0, faults.spikeMs)
      return draw.between(0.3, 1.7) * faults.latencyMs
    }
    const unknown = (why: string) => answer.reject(unavailable(why))
    const outcome = this.#outcome()
    const isCut = () => weather.downSinceMs !== null || process.cutFromLedger || (process.isMute && name === 'beat')
    world.schedule(wayMs(), () => {
      if (isCut()) world.schedule(NO_ROUTE_MS, () => unknown('no route'))
      else if (outcome === 'not applied') world.schedule(wayMs(), () => unknown('not applied'))
      else if (outcome === 'late') {
        world.schedule(wayMs(), () => unknown('applied later'))
        world.schedule(draw.between(0, faults.lateMs), () => this.#landLate(name, args))
      } else {
        const backMs = wayMs() + (outcome === 'hang' ? draw.between(0, faults.hangMs) : 0)
        const deliver = (result: unknown) => (outcome !== 'ok' || isCut() ? unknown('applied') : answer.resolve(result))
        // What is told beforehand comes before the answer.
        this.#apply(name, this.#toldWithin(backMs, name, args)).then(
          result => world.schedule(backMs, () => deliver(result)),
          error => world.schedule(backMs, () => answer.reject(error)),
        )
      }
    })
  }

  /** What is foretold on its way back; who has given up hears of nothing. */
  #toldWithin(withinMs: number, name: string, args: readonly unknown[]): readonly unknown[] {
    const [claim, result, handOn, onForeseen] = args
    if (name !== 'complete' || onForeseen === undefined) return args
    const { process, foretold } = this.#parts
    const tell: OnForeseen = foreseen => {
      process.world.schedule(foretold.between(0, withinMs), () => {
        process.enter(() => (onForeseen as OnForeseen)(foreseen))
      })
    }
    return [claim, result, handOn, tell]
  }

  #landLate(name: string, args: readonly unknown[]): void {
    const { process } = this.#parts
    process.world.tell(`${process.name} ${name} lands late`)
    const [claim, result, handOn] = args
    if (name === 'complete') args = [claim, result, handOn]
    // Its caller gave up on it: what it throws now, nobody hears.
    this.#apply(name, args).catch(() => {})
  }

  #outcome(): 'ok' | 'applied' | 'not applied' | 'late' | 'hang' {
    const { draw } = this.#parts
    const { appliedUnknown, notAppliedUnknown, appliedLate, hangs } = this.#parts.weather.faults
    if (draw.chance(appliedUnknown)) return 'applied'
    if (draw.chance(notAppliedUnknown)) return 'not applied'
    if (draw.chance(appliedLate)) return 'late'
    return draw.chance(hangs) ? 'hang' : 'ok'
  }

  async #apply(name: string, args: readonly unknown[]): Promise<unknown> {
    const { ledger, draw, weather, process } = this.#parts
    const method = ledger[name as keyof Ledger] as (...all: unknown[]) => Promise<unknown>
    const result = await method.apply(ledger, [...args])
    if (!STALE_READS.has(name)) return result
    if (name === 'verify') return this.#withStaleMisses(args, result as string[])
    const { staleReads, staleMs } = weather.faults
    if (staleReads === 0) return result
    const key = `${name} ${JSON.stringify(args)}`
    const known = this.#earlier.get(key)?.filter(({ atMs }) => atMs > process.world.nowMs - staleMs) ?? []
    this.#earlier.set(key, [...known, { atMs: process.world.nowMs, result }])
    return draw.chance(staleReads) ? (draw.pickOrNone(known)?.result ?? result) : result
  }

  /** A deposed primary may not know yet of a claim that was made a moment ago. */
  async #withStaleMisses(args: readonly unknown[], standings: readonly string[]): Promise<string[]> {
    const { ledger, draw, weather, process } = this.#parts
    const { staleMisses, staleMs } = weather.faults
    if (staleMisses === 0) return [...standings]
    const claims = args[0] as { task: string }[]
    const tasks = await Promise.all(claims.map(({ task }) => ledger.task(task)))
    return standings.map((standing, index) => {
      const claimedAt = tasks[index]?.claimedAt ?? 0
      const isFresh = process.world.nowMs - claimedAt < staleMs
      return isFresh && draw.chance(staleMisses) ? 'lost' : standing
    })
  }
}

interface Answer {
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** Tasks that wait in `joinDags`: looks, whenever somebody says that something ended, whether their DAG copies have. */
import type { Clock } from '../core/clock.ts'
import type { DagState } from '../lease/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { RepeatedTurn } from './background.ts'

interface Waiter {
  run: string
  /** Copies that have not ended, as far as was seen. */
  open: string[]
  allSucceeded: boolean
  resolve: (allSucceeded: boolean) => void
}

export class JoinWatch {
  readonly #ledger: Pick<Ledger, 'dagStates'>
  readonly #waiters = new Set<Waiter>()
  readonly #turns: RepeatedTurn

  constructor({ ledger, clock }: { ledger: Pick<Ledger, 'dagStates'>; clock: Clock }) {
    this.#ledger = ledger
    // Failures need no word here: the sweep wakes this again and tells of the ledger's health.
    this.#turns = new RepeatedTurn(clock, () => this.#look(), { everyMs: null, onHealth: () => {} })
  }

  /** Resolves when all these copies have ended: true when all succeeded. Resolves with false when `signal` aborts. */
  wait(run: string, dags: readonly string[], signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false)
    return new Promise(resolve => {
      const waiter: Waiter = { run, open: [...dags], allSucceeded: true, resolve: settled }
      const watch = this.#waiters
      function settled(allSucceeded: boolean): void {
        watch.delete(waiter)
        signal.removeEventListener('abort', aborted)
        resolve(allSucceeded)
      }
      function aborted(): void {
        settled(false)
      }
      signal.addEventListener('abort', aborted, { once: true })
      watch.add(waiter)
      this.look()
    })
  }

  look(): void {
    if (this.#waiters.size > 0) this.#turns.wake()
  }

  async stop(): Promise<void> {
    await this.#turns.stop()
    for (const waiter of this.#waiters) waiter.resolve(false)
  }

  async #look(): Promise<void> {
    for (const waiter of this.#waiters) {
      const states = await this.#ledger.dagStates(waiter.run, waiter.open)
      waiter.allSucceeded &&= states.every(state => !hasEnded(state) || state === 'succeeded')
      // An end is final: with thousands of copies only the open ones are read again.
      waiter.open = waiter.open.filter((_, index) => !hasEnded(states[index]))
      if (waiter.open.length === 0) waiter.resolve(waiter.allSucceeded)
    }
  }
}

/** A copy that the ledger does not know any more was removed with its run. */
function hasEnded(state: DagState | undefined): boolean {
  return state !== 'running'
}

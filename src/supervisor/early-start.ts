/**
 * An attempt that was made before the write that claims it was known to have reached the disk (`lease/decide-early.ts`). A pure one begins: until
 * the answer about that write its body computes and nothing else, since what it asks of the mesh waits for it. Any other one is only prepared, so
 * that with the answer nothing is left to do but to send it to a worker.
 */
import { LightflowError } from '../core/errors.ts'
import type { JobHost } from '../workers/worker-pool.ts'

export class EarlyStart {
  /** Else it is only prepared. */
  readonly begins: boolean
  /** Whether its claim is in the ledger. */
  readonly kept: Promise<boolean>
  readonly #decide: (isKept: boolean) => void
  #isKept: boolean | null = null

  constructor(begins = true) {
    this.begins = begins
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.kept = promise
    this.#decide = resolve
  }

  /** The write is not answered. */
  get isOpen(): boolean {
    return this.#isKept === null
  }

  decide(isKept: boolean): void {
    this.#isKept = isKept
    this.#decide(isKept)
  }

  /**
   * What a body may ask for, once its claim is in the ledger, unless it was ended (`signal`) by then. Lines of output go on at once: they are no
   * state of anybody.
   */
  hold(host: JobHost, signal: AbortSignal): JobHost {
    const once = async <T>(ask: () => Promise<T>): Promise<T> => {
      if (this.#isKept !== true && (!(await this.kept) || signal.aborted)) throw neverClaimed()
      return ask()
    }
    return {
      storeGet: (...asked) => once(() => host.storeGet(...asked)),
      storeWrite: (...asked) => once(() => host.storeWrite(...asked)),
      startDag: (...asked) => once(() => host.startDag(...asked)),
      joinDags: (...asked) => once(() => host.joinDags(...asked)),
      stopDag: (...asked) => once(() => host.stopDag(...asked)),
      stopWorkflow: () => once(() => host.stopWorkflow()),
      nameFile: (...asked) => once(() => host.nameFile(...asked)),
      fetchFile: (...asked) => once(() => host.fetchFile(...asked)),
      output: (...line) => host.output(...line),
    }
  }
}

function neverClaimed(): LightflowError {
  return new LightflowError(
    'LF_CLAIM_LOST',
    'The task was begun early, and the write that claims it was lost, or it was ended before.',
    {
      hint: 'Nothing is to be done: it begins again when it is claimed.',
    },
  )
}

import type { Signal } from '../../workflow/signal.ts'

/**
 * The signal for the callback of one batch. What it starts is known by the batch and the order of the calls: handed over again after the
 * death of a peer, the batch finds the copies that it started, also when the same file comes once more, on purpose, in another batch.
 */
export function batchSignal(signal: Signal, batch: number): Signal {
  let starts = 0
  return Object.freeze({
    startDag: (...[dag, data, options]: Parameters<Signal['startDag']>) => {
      starts += 1
      return signal.startDag(dag, data, { ...options, key: options?.key ?? `batch ${batch}, ${starts}` })
    },
    joinDags: (...args: Parameters<Signal['joinDags']>) => signal.joinDags(...args),
    stopDag: (...args: Parameters<Signal['stopDag']>) => signal.stopDag(...args),
    stopWorkflow: () => signal.stopWorkflow(),
    get isStopped() {
      return signal.isStopped
    },
    get isDraining() {
      return signal.isDraining
    },
    abort: signal.abort,
  })
}

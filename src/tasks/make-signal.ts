import { LightflowError } from '../core/errors.ts'
import { isOfKind } from '../workflow/brand.ts'
import type { Named } from '../workflow/brand.ts'
import { describeValue } from '../workflow/describe-value.ts'
import { isMultiTaskData, MultiTaskData } from '../workflow/multi-task-data.ts'
import type { Signal, StartDagOptions, StartData } from '../workflow/signal.ts'
import { isTaskData, TaskData } from '../workflow/task-data.ts'
import { encodeData } from './encode-data.ts'
import type { HostCalls } from './host-calls.ts'
import type { TaskAttempt } from './task-host.ts'

/**
 * The `signal` of an attempt. Every answer is awaited here, so that the stack of a refusal names the line that asked. Wrong arguments reject with `LF_SIGNAL`, values that cannot be sent with `LF_ENCODE`.
 */
export function makeSignal(
  attempt: Pick<TaskAttempt, 'host' | 'abort' | 'isStopped' | 'isDraining'>,
  calls: HostCalls,
): Signal {
  const { host, abort, isStopped, isDraining = () => false } = attempt
  return Object.freeze({
    async startDag(dag: string | Named, data?: StartData, options?: StartDagOptions) {
      const name = readDagName(dag)
      const key = readKey(options)
      // Encoded before anything is awaited: what the author does to the data afterwards changes nothing.
      const bytes = data === undefined || data === null ? null : encodeStartData(name, data)
      return await calls.run(() => (key === null ? host.startDag(name, bytes) : host.startDag(name, bytes, key)))
    },
    async joinDags(names?: string | readonly string[]) {
      const list = names === undefined ? null : readCopyNames(names)
      return list?.length === 0 ? true : await calls.runDetached(() => host.joinDags(list))
    },
    stopDag: async (name?: string) => await calls.run(() => host.stopDag(name ?? null)),
    stopWorkflow: async () => await calls.run(() => host.stopWorkflow()),
    get isStopped() {
      return isStopped()
    },
    get isDraining() {
      return isDraining()
    },
    abort,
  })
}

function readDagName(dag: unknown): string {
  if (typeof dag === 'string') return dag
  if (isOfKind(dag, 'dag')) return (dag as Named).name
  throw new LightflowError('LF_SIGNAL', `startDag() needs a DAG or its name, but got ${describeValue(dag)}.`, {
    hint: 'An undefined DAG is often a wrong import.',
  })
}

/** Longer ones are refused: a key is a name, not a content. */
const MAX_KEY_LENGTH = 1000

function readKey(options: StartDagOptions | null = {}): string | null {
  const names = typeof options === 'object' && options !== null ? Object.keys(options) : ['not an object']
  const key: unknown = options?.key
  const isRight = key === undefined || (typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH)
  if (isRight && names.every(name => name === 'key')) return key ?? null
  const got = names.includes('key') ? `the key ${describeValue(key)}` : describeValue(options)
  throw new LightflowError('LF_SIGNAL', `startDag() takes a key among its options, but got ${got}.`, {
    hint: `A key is a text of 1 to ${MAX_KEY_LENGTH} characters: signal.startDag(dag, data, { key: 'frame 7' }).`,
  })
}

function readCopyNames(names: unknown): string[] {
  const list: unknown[] = Array.isArray(names) ? names : [names]
  if (list.every(name => typeof name === 'string')) return list
  const stranger = list.find(name => typeof name !== 'string')
  throw new LightflowError('LF_SIGNAL', `joinDags() needs the names of copies, but got ${describeValue(stranger)}.`, {
    hint: 'startDag() returns the name once it is awaited: const name = await signal.startDag(dag).',
  })
}

function encodeStartData(dag: string, data: StartData): Uint8Array {
  return encodeData(`The start data of the DAG "${dag}"`, toMultiTaskData(data))
}

function toMultiTaskData(data: StartData): MultiTaskData {
  if (isMultiTaskData(data)) return data
  if (isTaskData(data)) return new MultiTaskData({ dataset: data })
  const prototype: unknown = typeof data === 'object' ? Object.getPrototypeOf(data) : undefined
  if (prototype === Object.prototype || prototype === null) {
    return new MultiTaskData({ dataset: new TaskData(data) })
  }
  throw new LightflowError('LF_SIGNAL', `A DAG cannot be started with ${describeValue(data)}.`, {
    hint: "Give an object ({ image: 'scan.tif' }), or the data of the callback.",
  })
}

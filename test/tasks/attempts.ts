import { decodeDataset, encodeDataset } from '../../protocols/dataset.ts'
import { FunctionTask } from '../../src/tasks/function-task.ts'
import { runTask } from '../../src/tasks/run-task.ts'
import type { TaskAttempt, TaskHost, TaskInput, TaskResult } from '../../src/tasks/task-host.ts'
import type { Context } from '../../src/workflow/context.ts'
import type { TaskCallback } from '../../src/workflow/task-call.ts'
import type { TaskOptions } from '../../src/workflow/task-options.ts'

export const context: Context = {
  taskName: 'fit',
  dagName: 'main:1',
  workflowName: 'scan',
  runId: 'scan-xyz',
  peerName: 'hutch',
  peerHost: 'localhost',
  attempt: 1,
  epoch: 1,
  scratch: '/nonexistent',
}

/** A host that notes every call and answers from `answers`. */
export class NotingHost implements TaskHost {
  readonly calls: unknown[][] = []
  readonly answers: Partial<Record<keyof TaskHost, (...args: never[]) => unknown>>

  constructor(answers: Partial<Record<keyof TaskHost, (...args: never[]) => unknown>> = {}) {
    this.answers = answers
  }

  storeGet = async (...args: unknown[]): Promise<unknown> => this.#note('storeGet', args)
  storeWrite = async (...args: unknown[]): Promise<void> => void (await this.#note('storeWrite', args))
  startDag = async (...args: unknown[]): Promise<string> => ((await this.#note('startDag', args)) as string) ?? 'sub:1'
  joinDags = async (...args: unknown[]): Promise<boolean> => ((await this.#note('joinDags', args)) as boolean) ?? true
  stopDag = async (...args: unknown[]): Promise<void> => void (await this.#note('stopDag', args))
  stopWorkflow = async (...args: unknown[]): Promise<void> => void (await this.#note('stopWorkflow', args))
  nameFile = async (...args: unknown[]): Promise<string | null> =>
    ((await this.#note('nameFile', args)) as string) ?? null
  fetchFile = async (...args: unknown[]): Promise<string> => ((await this.#note('fetchFile', args)) as string) ?? ''
  output = (...args: unknown[]): void => void this.calls.push(['output', ...args])

  async #note(method: keyof TaskHost, args: unknown[]): Promise<unknown> {
    this.calls.push([method, ...args])
    return this.answers[method]?.(...(args as never[]))
  }
}

export function input(task: string, data: Record<string, unknown>, slot: string | null = null): TaskInput {
  return { task, slot, bytes: encodeDataset({ data, history: [task] }) }
}

/** Runs a task named `fit` with this callback. */
export function run(
  callback: TaskCallback,
  { options = {}, ...attempt }: Partial<TaskAttempt> & { options?: TaskOptions } = {},
): Promise<TaskResult> {
  return runTask({
    task: new FunctionTask('fit', callback, options),
    context,
    inputs: [],
    start: null,
    host: new NotingHost(),
    abort: new AbortController().signal,
    isStopped: () => false,
    ...attempt,
  })
}

export function dataOf({ bytes }: TaskResult): Record<string, unknown> | null {
  return bytes === null ? null : decodeDataset(bytes).data
}

export function historyOf({ bytes }: TaskResult): string[] | null {
  return bytes === null ? null : decodeDataset(bytes).history
}

/** What an observer of an example must see, said once: looked at in one process by the suite, and on a mesh by `npm run examples`. */
import assert from 'node:assert/strict'
import type { ErrorRecord } from '../../../src/core/errors.ts'
import type { RunState, TaskState } from '../../../src/lease/records.ts'

export interface Example {
  /** Stem of its file in `examples/`. */
  name: string
  /** `folder` is there for this run alone. */
  args?: (folder: string) => Record<string, string | number | boolean>
  /** Of the submission. */
  queue?: string
  keepData?: boolean
  /** What has to be in the folder before the run is submitted. */
  prepare?: (folder: string) => Promise<void>
  /** What happens while it runs, for runs that wait for something. `stop` ends the run from outside. */
  meanwhile?: (doings: Doings) => Promise<void>
  /** A submission that is refused, with these words. */
  refuses?: { args: Record<string, string>; code: string; message: RegExp }
  see: (run: ObservedRun) => Promise<void> | void
}

export interface Doings {
  folder: string
  stop: () => void
  /** Copies of DAGs that have been started so far. */
  dags: () => Promise<number>
}

export interface ObservedTask {
  /** Copy of its DAG, `name:n`. */
  dag: string
  task: string
  state: TaskState
  error?: ErrorRecord
  /** Name of the peer; in one process always the same. */
  peer: string | null
}

export interface ObservedRun {
  folder: string
  state: RunState
  error?: ErrorRecord
  dags: readonly { dag: string; state: RunState }[]
  tasks: readonly ObservedTask[]
  /** Everything that was printed, task after task in the order of their starts. */
  lines: readonly string[]
  /** False in one process: there is only one peer, and it serves every queue. */
  isMesh: boolean
  /** What a task passed on; `task` or `dag:n/task`. */
  data: (task: string) => Promise<Readonly<Record<string, unknown>>>
  /** From the store of the run, as it is now that the run has ended. */
  stored: (path: string) => Promise<unknown>
}

/** The lines that match, in their order. */
export function linesWith({ lines }: ObservedRun, pattern: RegExp): string[] {
  return lines.filter(line => pattern.test(line))
}

/** State of each task by its name; tasks of further copies of a DAG count as one. */
export function statesOf({ tasks }: ObservedRun): Record<string, TaskState> {
  return Object.fromEntries(tasks.map(({ task, state }) => [task, state]))
}

export function assertSucceeded(run: ObservedRun): void {
  assert.deepEqual([run.state, run.error], ['succeeded', undefined])
}

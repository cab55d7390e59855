import { LightflowError } from '../core/errors.ts'
import { KIND, isOfKind } from './brand.ts'
import type { Named } from './brand.ts'
import { describeValue } from './describe-value.ts'
import { isMultiTaskData } from './multi-task-data.ts'
import type { MultiTaskData } from './multi-task-data.ts'

export interface ActionOptions {
  /** Direct successors that may run, by task or by name; null = all, [] = none. */
  limit?: readonly (string | Named)[] | null
}

/** What a task may return: the data to pass on, and which of its direct successors may run. */
export class Action {
  readonly data: MultiTaskData
  /** Names of the direct successors that may run; null = all. */
  readonly limit: readonly string[] | null

  constructor(data: MultiTaskData, { limit = null }: ActionOptions = {}) {
    if (!isMultiTaskData(data)) {
      throw new LightflowError('LF_ACTION', `An Action needs the task's data, but got ${describeValue(data)}.`, {
        hint: 'Pass on the `data` of the callback: new Action(data, { limit: [next] }).',
      })
    }
    this.data = data
    this.limit = limit === null ? null : readLimit(limit)
  }

  get [KIND](): 'action' {
    return 'action'
  }

  /** With a copy of the data. */
  copy(): Action {
    return new Action(this.data.copy(), { limit: this.limit })
  }
}

export function isAction(value: unknown): value is Action {
  return isOfKind(value, 'action')
}

function readLimit(limit: unknown): string[] {
  if (!Array.isArray(limit)) {
    throw new LightflowError('LF_ACTION', `The limit of an Action is a list, but got ${describeValue(limit)}.`, {
      hint: "List the successors that may run: limit: [lane1, 'lane2'].",
    })
  }
  return limit.map((entry: unknown, index) => {
    if (typeof entry === 'string') return entry
    if (isOfKind(entry, 'task')) return (entry as Named).name
    throw new LightflowError('LF_ACTION', `Entry ${index + 1} of the limit is ${describeValue(entry)}.`, {
      hint: 'List tasks or names of tasks. An undefined one is often a task that is defined further down in the file.',
    })
  })
}

import { checkName } from '../../protocols/ids.ts'
import { KIND, isOfKind } from './brand.ts'
import type { TaskCall, TaskReturn, TaskTools } from './task-call.ts'
import { readTaskOptions } from './task-options.ts'
import type { CheckedTaskOptions, TaskOptions } from './task-options.ts'

/** A unit of work. Kinds of tasks extend it: `run` is the body of one attempt. */
export abstract class Task {
  readonly name: string
  /** For display: `function`, `bash`, … */
  readonly kind: string = 'task'
  readonly options: CheckedTaskOptions

  /** `ownOptions` names what a kind of task takes besides {@link TaskOptions}; all else is refused with `LF_TASK_OPTIONS`. */
  constructor(name: string, options: TaskOptions = {}, ownOptions: readonly string[] = []) {
    this.name = checkName('task', name)
    this.options = readTaskOptions(this.name, options, ownOptions)
  }

  get [KIND](): 'task' {
    return 'task'
  }

  abstract run(call: TaskCall, tools: TaskTools): TaskReturn
}

export function isTask(value: unknown): value is Task {
  return isOfKind(value, 'task')
}

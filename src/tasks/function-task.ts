import { LightflowError } from '../core/errors.ts'
import { describeValue } from '../workflow/describe-value.ts'
import { Task } from '../workflow/task.ts'
import type { TaskCall, TaskCallback, TaskReturn } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'

/** A task whose body is a function of the workflow file. */
export class FunctionTask extends Task {
  override readonly kind = 'function'
  readonly #callback: TaskCallback

  constructor(name: string, callback: TaskCallback, options: TaskOptions = {}) {
    super(name, options)
    if (typeof callback !== 'function') {
      const got = describeValue(callback)
      throw new LightflowError('LF_TASK_OPTIONS', `The task "${this.name}" needs a function, but got ${got}.`, {
        hint: `Write new FunctionTask('${this.name}', ({ data }) => { … }).`,
      })
    }
    this.#callback = callback
  }

  run(call: TaskCall): TaskReturn {
    return this.#callback(call)
  }
}

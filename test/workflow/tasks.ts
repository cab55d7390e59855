import { FunctionTask } from '../../src/tasks/function-task.ts'
import type { TaskOptions } from '../../src/workflow/task-options.ts'
import type { Task } from '../../src/workflow/task.ts'

/** A task that does nothing. */
export function makeTask(name: string, options: TaskOptions = {}): Task {
  return new FunctionTask(name, () => {}, options)
}

export function makeTasks<Name extends string>(...names: Name[]): Record<Name, Task> {
  return Object.fromEntries(names.map(name => [name, makeTask(name)])) as Record<Name, Task>
}

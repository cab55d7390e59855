/** Ready tasks by queue and priority, each in the order in which they became ready. */
import type { TaskRecord } from '../../lease/records.ts'

type ByPriority = Map<number, Map<string, TaskRecord>>

export class ReadyIndex {
  readonly #queues = new Map<string, ByPriority>()

  add(task: TaskRecord): void {
    const priorities = this.#queues.get(task.queue) ?? new Map<number, Map<string, TaskRecord>>()
    this.#queues.set(task.queue, priorities)
    const tasks = priorities.get(task.priority) ?? new Map<string, TaskRecord>()
    priorities.set(task.priority, tasks)
    tasks.set(task.id, task)
  }

  remove({ queue, priority, id }: TaskRecord): void {
    const priorities = this.#queues.get(queue)
    const tasks = priorities?.get(priority)
    tasks?.delete(id)
    if (tasks?.size === 0) priorities?.delete(priority)
    if (priorities?.size === 0) this.#queues.delete(queue)
  }

  *inOrder(queue: string): Generator<TaskRecord> {
    const priorities = this.#queues.get(queue) ?? new Map<number, Map<string, TaskRecord>>()
    const descending = [...priorities.keys()].sort((one, other) => other - one)
    for (const priority of descending) yield* priorities.get(priority)?.values() ?? []
  }

  counts(): Record<string, number> {
    const sizeOf = (priorities: ByPriority) => priorities.values().reduce((sum, { size }) => sum + size, 0)
    return Object.fromEntries(Array.from(this.#queues, ([queue, priorities]) => [queue, sizeOf(priorities)]))
  }
}

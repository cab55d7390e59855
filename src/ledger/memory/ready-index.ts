/** Ready tasks by queue and priority, each in the order in which they became ready. */
import type { TaskRecord } from '../../lease/records.ts'

type ByPriority = Map<number, Line>

export class ReadyIndex {
  readonly #queues = new Map<string, ByPriority>()

  add(task: TaskRecord): void {
    const priorities = this.#queues.get(task.queue) ?? new Map<number, Line>()
    this.#queues.set(task.queue, priorities)
    const line = priorities.get(task.priority) ?? new Line()
    priorities.set(task.priority, line)
    line.add(task)
  }

  remove({ queue, priority, id }: TaskRecord): void {
    const priorities = this.#queues.get(queue)
    const line = priorities?.get(priority)
    line?.delete(id)
    if (line?.size === 0) priorities?.delete(priority)
    if (priorities?.size === 0) this.#queues.delete(queue)
  }

  *inOrder(queue: string): Generator<TaskRecord> {
    const priorities = this.#queues.get(queue) ?? new Map<number, Line>()
    const descending = [...priorities.keys()].sort((one, other) => other - one)
    for (const priority of descending) yield* priorities.get(priority)?.values() ?? []
  }

  counts(): Record<string, number> {
    const sizeOf = (priorities: ByPriority) => priorities.values().reduce((sum, { size }) => sum + size, 0)
    return Object.fromEntries(Array.from(this.#queues, ([queue, priorities]) => [queue, sizeOf(priorities)]))
  }
}

/** Mostly tasks come in the order of their `readyAt`; one that comes back to its old place has the line sorted before it is read. */
class Line {
  #tasks = new Map<string, TaskRecord>()
  #newest = Number.NEGATIVE_INFINITY
  #isSorted = true

  get size(): number {
    return this.#tasks.size
  }

  add(task: TaskRecord): void {
    const readyAt = task.readyAt ?? 0
    if (readyAt < this.#newest) this.#isSorted = false
    this.#newest = Math.max(this.#newest, readyAt)
    this.#tasks.set(task.id, task)
  }

  delete(id: string): void {
    this.#tasks.delete(id)
  }

  values(): Iterable<TaskRecord> {
    if (!this.#isSorted) {
      const sorted = [...this.#tasks].sort(([, one], [, other]) => (one.readyAt ?? 0) - (other.readyAt ?? 0))
      this.#tasks = new Map(sorted)
      this.#isSorted = true
    }
    return this.#tasks.values()
  }
}

/** Events in order of due time, then of their making: a binary heap. */
export class QueuedEvent {
  readonly dueMs: number
  readonly order: number
  readonly run: () => void
  cancelled = false

  constructor(dueMs: number, order: number, run: () => void) {
    this.dueMs = dueMs
    this.order = order
    this.run = run
  }

  cancel(): void {
    this.cancelled = true
  }
}

export class EventQueue {
  readonly #heap: QueuedEvent[] = []
  #order = 0

  add(dueMs: number, run: () => void): QueuedEvent {
    const event = new QueuedEvent(dueMs, this.#order++, run)
    const heap = this.#heap
    let index = heap.push(event) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(event, heap[parent])) break
      heap[index] = heap[parent] as QueuedEvent
      index = parent
    }
    heap[index] = event
    return event
  }

  /** The next event that is due by then; cancelled ones are dropped on the way. */
  take(untilMs: number): QueuedEvent | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || (!first.cancelled && first.dueMs > untilMs)) return undefined
      this.#removeFirst()
      if (!first.cancelled) return first
    }
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as QueuedEvent, heap[child])) child += 1
      if (!isBefore(heap[child] as QueuedEvent, last)) break
      heap[index] = heap[child] as QueuedEvent
      index = child
    }
    heap[index] = last
  }
}

function isBefore(one: QueuedEvent, other: QueuedEvent | undefined): boolean {
  if (other === undefined) return false
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order)
}

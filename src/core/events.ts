/** A typed event source. Listeners run in order of registration; one that throws does not keep the others from running. */
export interface EventSource<Events> {
  /** Calls `listener` for every event of this kind; returns the function that ends it. */
  on<Kind extends keyof Events>(kind: Kind, listener: (event: Events[Kind]) => void): () => void
}

export class EventHub<Events> implements EventSource<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()
  readonly #onListenerError: (error: unknown) => void

  constructor(onListenerError: (error: unknown) => void = () => {}) {
    this.#onListenerError = onListenerError
  }

  on<Kind extends keyof Events>(kind: Kind, listener: (event: Events[Kind]) => void): () => void {
    const set = this.#listeners.get(kind) ?? new Set()
    this.#listeners.set(kind, set)
    set.add(listener)
    return () => void set.delete(listener)
  }

  emit<Kind extends keyof Events>(kind: Kind, event: Events[Kind]): void {
    // A copy: a listener may end itself or add others while the event is told.
    for (const listener of Array.from(this.#listeners.get(kind) ?? [])) {
      try {
        ;(listener as (event: Events[Kind]) => void)(event)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
  }
}

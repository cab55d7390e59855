/** A typed event source. Listeners run in order of registration; one that throws does not keep the others from running. */
export interface EventSource<Events> {
  /** Calls `listener` for every event of this kind; returns the function that ends it. */
  on<Kind extends keyof Events>(kind: Kind, listener: (event: Events[Kind]) => void): () => void
}

export class EventHub<Events> implements EventSource<Events> {
  readonly #listeners = new Map<keyof Events, Set<Registration>>()
  readonly #onListenerError: (error: unknown) => void

  constructor(onListenerError: (error: unknown) => void = () => {}) {
    this.#onListenerError = onListenerError
  }

  on<Kind extends keyof Events>(kind: Kind, listener: (event: Events[Kind]) => void): () => void {
    const set = this.#listeners.get(kind) ?? new Set()
    this.#listeners.set(kind, set)
    const registration: Registration = { listener }
    set.add(registration)
    return () => void set.delete(registration)
  }

  emit<Kind extends keyof Events>(kind: Kind, event: Events[Kind]): void {
    const set = this.#listeners.get(kind)
    // A copy: a listener may end itself or others, or add some, while the event is told.
    for (const registration of Array.from(set ?? [])) {
      if (set?.has(registration) !== true) continue
      const { listener } = registration
      try {
        ;(listener as (event: Events[Kind]) => void)(event)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
  }
}

/** One call of `on`: the same function may be registered twice, and each ends on its own. */
interface Registration {
  listener: (event: never) => void
}

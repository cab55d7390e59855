/** What a task may do to its run's store. Paths are dotted (`results.0007`); each write is atomic. */

/** `data` belongs to the user, `meta` to Lightflow. */
export type StoreSection = 'data' | 'meta'

export type StoreWrite =
  | { kind: 'set'; section: StoreSection; path: string; value: unknown }
  /** Appends one value to the list there, making the list when there is none. */
  | { kind: 'push'; section: StoreSection; path: string; value: unknown }
  /** Appends every element. */
  | { kind: 'extend'; section: StoreSection; path: string; value: unknown[] }
  /** Adds to the number there; an absent one counts as 0. */
  | { kind: 'increment'; section: StoreSection; path: string; value: number }
  | { kind: 'delete'; section: StoreSection; path: string }

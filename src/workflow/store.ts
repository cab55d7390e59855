/**
 * The store of a run as tasks see it: shared by all tasks of the run, for small values. Paths are dotted (`results.0007`); each
 * write is atomic, so that parallel tasks may push and increment. Large values belong into the task data.
 */
export interface TaskStore {
  /** What is kept there (below a prefix: an object), or undefined. */
  get<T = unknown>(path: string): Promise<T>
  /** The same, with `fallback` when nothing is there. */
  get<T>(path: string, fallback: T): Promise<T>
  set(path: string, value: unknown): Promise<void>
  /** Appends one value to the list there, making the list when there is none. A pushed list nests. */
  push(path: string, value: unknown): Promise<void>
  /** Appends every element of `values`. */
  extend(path: string, values: readonly unknown[]): Promise<void>
  /** Adds `by` (1 by default) to the number there; an absent one counts as 0. */
  increment(path: string, by?: number): Promise<void>
  delete(path: string): Promise<void>
  /** `data` (the default) is the author's; `meta` is what Lightflow notes about the run: see RunMeta. */
  section(name: 'data' | 'meta'): TaskStore
}

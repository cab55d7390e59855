/** Which idle thread goes when there are too many. Pure. */

/** How many idle threads are kept while others run: as many as tasks could still begin, so that a DAG that narrows and widens finds them again. */
export function idleLimit({
  maxIdle,
  capacity,
  running,
}: {
  maxIdle: number
  capacity: number
  running: number
}): number {
  return Math.max(maxIdle, capacity - running)
}

/**
 * Of the workflow that keeps the most, the thread that has been idle for longest: a thread is of use to its own workflow alone, so that each of
 * several workflows that take turns should find one. `idle`: longest idle first.
 */
export function idleToEnd<Thread extends { readonly bundleFile: string | null }>(
  idle: readonly Thread[],
): Thread | undefined {
  const kept = new Map<string | null, number>()
  for (const { bundleFile } of idle) kept.set(bundleFile, (kept.get(bundleFile) ?? 0) + 1)
  const most = Math.max(0, ...kept.values())
  return idle.find(({ bundleFile }) => kept.get(bundleFile) === most)
}

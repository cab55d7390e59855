import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits until `check` returns something truthy (or stops throwing) and returns it; after `withinMs` the last failure is thrown.
 * Tests wait for conditions with it, never for time.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  withinMs = 10_000,
  everyMs = 10,
): Promise<Exclude<T, null | undefined | false>> {
  const deadline = performance.now() + withinMs
  for (;;) {
    let failure: unknown
    try {
      const value = await check()
      if (value !== undefined && value !== null && value !== false) return value as Exclude<T, null | undefined | false>
      failure = new Error(`still ${String(value)} after ${withinMs} ms`)
    } catch (error) {
      failure = error
    }
    if (performance.now() > deadline) throw failure
    await delay(everyMs)
  }
}

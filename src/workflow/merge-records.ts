import { MAX_VALUE_DEPTH } from '../../protocols/limits.ts'

type Values = Readonly<Record<string, unknown>>

/**
 * A new object with everything of `base` and `over`, where `over` wins. Plain objects on both sides are merged at every level; all
 * else (arrays, dates, typed arrays, instances) is replaced whole. Neither argument is changed.
 */
export function mergeRecords(base: Values, over: Values, depth = 0): Record<string, unknown> {
  const merged = new Map<string, unknown>(Object.entries(base))
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key)
    // Beyond the depth that can be passed on (so also in a ring), the encoder will say what is wrong.
    const both = depth < MAX_VALUE_DEPTH && isPlainObject(below) && isPlainObject(value)
    merged.set(key, both ? mergeRecords(below, value, depth + 1) : value)
  }
  return Object.fromEntries(merged)
}

function isPlainObject(value: unknown): value is Values {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

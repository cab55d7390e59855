/** Task data as JSON can carry it: typed arrays become arrays, dates ISO texts, maps objects, big integers texts, NaN null. */
export function plainData(value: unknown): unknown {
  return convert(value, new Set())
}

function convert(value: unknown, inside: Set<object>): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (inside.has(value)) return '[circular]'
  inside.add(value)
  const plain = convertObject(value, inside)
  inside.delete(value)
  return plain
}

function convertObject(value: object, inside: Set<object>): unknown {
  if (ArrayBuffer.isView(value)) {
    if (value instanceof DataView) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
    return Array.from(value as unknown as Iterable<unknown>, item => convert(item, inside))
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Error) return { name: value.name, message: value.message }
  if (value instanceof Set || Array.isArray(value)) return Array.from(value, item => convert(item, inside))
  const entries = value instanceof Map ? [...value].map(([key, item]) => [String(key), item]) : Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [key, convert(item, inside)]))
}

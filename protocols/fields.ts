/** Checks of what was decoded, for messages whose readers throw away what they cannot believe. Each throws `TypeError`. */
export type Fields = Readonly<Record<string, unknown>>

/** A plain object. */
export function fieldsOf(value: unknown): Fields {
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  if (!isPlain) throw new TypeError('no map')
  return value as Fields
}

export function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError('no list')
  return value
}

/** Not empty. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new TypeError('no text')
  return value
}

export function countOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new TypeError('no count')
  return value as number
}

/** Small hexadecimal digits. */
export function hexOf(value: unknown, digits: number): string {
  if (typeof value !== 'string' || value.length !== digits || !/^[0-9a-f]+$/.test(value)) throw new TypeError('no hash')
  return value
}

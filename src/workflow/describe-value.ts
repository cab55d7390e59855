/** Values in error messages: short, and in words that an author knows. Never throws. */
const MAX_TEXT_LENGTH = 60

/** `undefined`, `"text"`, `a function`, `an array`, `a Dag`, … */
export function describeValue(value: unknown): string {
  if (value === null || ['undefined', 'boolean', 'number'].includes(typeof value)) return String(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return JSON.stringify(shorten(value))
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${shorten(value.name)}`
  if (typeof value === 'symbol') return 'a symbol'
  if (Array.isArray(value)) return 'an array'
  return describeObject(value as object)
}

function describeObject(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  const name = (prototype as { constructor?: { name?: unknown } } | null)?.constructor?.name
  if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object'
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${shorten(name)}`
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}…`
}

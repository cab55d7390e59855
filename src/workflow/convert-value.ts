/** From what was typed to the value of an option. */
export type OptionType = 'str' | 'int' | 'float' | 'bool' | 'path'

export type OptionValue = string | number | boolean

export const OPTION_TYPES: readonly OptionType[] = ['str', 'int', 'float', 'bool', 'path']

export function isOptionType(type: unknown): type is OptionType {
  return OPTION_TYPES.includes(type as OptionType)
}

export type Conversion = { readonly value: OptionValue } | { readonly expected: string }

/** The value of an option of this type, or what would have been one. */
export function convertValue(type: OptionType, given: unknown): Conversion {
  const value = CONVERT[type](typeof given === 'string' && type !== 'str' ? given.trim() : given)
  return value === undefined ? { expected: EXPECTED[type] } : { value }
}

const EXPECTED: Record<OptionType, string> = {
  str: 'a text',
  int: 'a whole number (at most 2^53)',
  float: 'a number',
  path: 'a path',
  bool: 'true or false (or 1/0, yes/no, y/n)',
}

const CONVERT: Record<OptionType, (given: unknown) => OptionValue | undefined> = {
  str: given =>
    typeof given === 'string' || isNumber(given) || typeof given === 'boolean' ? String(given) : undefined,
  int: given => {
    const number = typeof given === 'string' && /^[+-]?\d+$/.test(given) ? Number(given) : given
    return Number.isSafeInteger(number) ? (number as number) + 0 : undefined
  },
  float: given => {
    const number = typeof given === 'string' && FLOAT_PATTERN.test(given) ? Number(given) : given
    return isNumber(number) ? number : undefined
  },
  // Made absolute where it is submitted: every peer then sees the same path.
  path: given => (typeof given === 'string' && !given.includes('\0') ? given : undefined),
  bool: given => (typeof given === 'boolean' ? given : BOOLEANS.get(String(given).toLowerCase())),
}

const FLOAT_PATTERN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'y'].map(word => [word, true] as const),
  ...['false', '0', 'no', 'n'].map(word => [word, false] as const),
])

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

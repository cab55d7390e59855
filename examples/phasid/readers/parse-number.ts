/** No number in a profile needs more characters; it also keeps the pattern below fast on hostile input. */
const maxNumberLength = 40
const pattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d{1,4})?$/
const missing = /^[+-]?(?:nan|inf|infinity)$/i

/** Reads one number as instruments write it (also `1.0D-03`); NaN for `NaN` and `Inf`, undefined for anything else. */
export function parseNumber(token: string): number | undefined {
  if (token.length > maxNumberLength) return undefined
  if (pattern.test(token)) return Number(token.replace(/[dD]/, 'e'))
  return missing.test(token) ? Number.NaN : undefined
}

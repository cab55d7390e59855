import { requireRowCount, type RawProfile } from '../profile.ts'
import { findQUnit } from '../q-unit.ts'
import { parseNumber } from './parse-number.ts'

/**
 * Gathers q, intensity and (third, optional) sigma from every line whose first tokens are numbers.
 * Other lines are header or comment; the unit is taken from one that names it, as in `q (1/nm)`.
 */
export function readColumns(lines: Iterable<string>, split: (line: string) => string[]): RawProfile {
  const raw: RawProfile = { q: [], intensity: [], sigma: [], unit: undefined, warnings: [] }
  for (const line of lines) {
    const [q, intensity, sigma] = split(line).map(parseNumber)
    if (q === undefined || intensity === undefined) {
      raw.unit ??= findQUnit(line)
      continue
    }
    raw.q.push(q)
    raw.intensity.push(intensity)
    raw.sigma.push(sigma ?? Number.NaN)
  }
  requireRowCount(raw.q.length)
  return raw
}

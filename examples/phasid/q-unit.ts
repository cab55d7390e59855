/** The two units of q in use: 1/Angstrom at synchrotrons, 1/nm in laboratories. */
export type QUnit = '1/A' | '1/nm'

/** Q in 1/Angstrom = q in the unit × this factor. */
export const toInverseAngstrom: Record<QUnit, number> = { '1/A': 1, '1/nm': 0.1 }

const spellings: Record<QUnit, ReadonlySet<string>> = {
  '1/A': new Set(['1/a', 'a^-1', 'a-1', '1/å', 'å^-1', 'å-1', '1/ang', '1/angstrom', '1/angstroem', 'angstrom^-1']),
  '1/nm': new Set(['1/nm', 'nm^-1', 'nm-1', '1/n_m', 'n_m^-1', 'nanometer^-1', '1/nanometer']),
}

/** Reads one spelling of a unit, such as `n_m^-1` of a PDH footer; undefined when it is not a unit of q. */
export function parseQUnit(text: string): QUnit | undefined {
  const plain = text.trim().normalize('NFKC').replaceAll('−', '-').replaceAll(/\s/g, '').toLowerCase()
  if (spellings['1/A'].has(plain)) return '1/A'
  if (spellings['1/nm'].has(plain)) return '1/nm'
  return undefined
}

/** Finds the unit in a column heading such as `q (1/nm)` or `q[A^-1]`; undefined when the heading names none. */
export function findQUnit(heading: string): QUnit | undefined {
  const match = /\bq\s{0,8}[[(_, ]\s{0,8}([^\])\s,;]{2,16})/i.exec(heading)
  return match?.[1] === undefined ? undefined : parseQUnit(match[1])
}

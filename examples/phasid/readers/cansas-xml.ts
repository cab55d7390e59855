import { PhasidError } from '../phasid-error.ts'
import { requireRowCount, type RawProfile } from '../profile.ts'
import { parseQUnit } from '../q-unit.ts'
import { parseNumber } from './parse-number.ts'
import { xmlAttribute, xmlElements, type XmlElement } from './xml-elements.ts'

/** Reads canSAS 1-D XML: the `Idata` elements (Q, I, Idev) of the first `SASdata`, in the unit of the Q elements. */
export function readCansasXml(text: string): RawProfile {
  const raw: RawProfile = { q: [], intensity: [], sigma: [], unit: undefined, warnings: [] }
  let row: Partial<Record<string, number>> | undefined
  let dataSets = 0
  for (const element of xmlElements(text)) {
    if (element.name === 'SASdata' && ++dataSets > 1) break
    if (element.name === 'Idata') row = {}
    else if (element.name === '/Idata') {
      if (row?.['Q'] !== undefined && row['I'] !== undefined) push(raw, row['Q'], row['I'], row['Idev'])
      row = undefined
    } else if (row !== undefined && ['Q', 'I', 'Idev'].includes(element.name)) {
      row[element.name] = parseNumber(element.text.trim())
      if (element.name === 'Q') noteUnit(raw, element)
    }
  }
  if (dataSets > 1) raw.warnings.push('the file holds more than one SASdata; only the first was read')
  requireRowCount(raw.q.length)
  return raw
}

function push(raw: RawProfile, q: number, intensity: number, sigma: number | undefined): void {
  raw.q.push(q)
  raw.intensity.push(intensity)
  raw.sigma.push(sigma ?? Number.NaN)
}

function noteUnit(raw: RawProfile, element: XmlElement): void {
  const unit = parseQUnit(xmlAttribute(element, 'unit') ?? '')
  if (unit === undefined || unit === raw.unit) return
  if (raw.unit === undefined && raw.q.length === 0) raw.unit = unit
  else {
    throw new PhasidError(
      'PHASID_NOT_A_PROFILE',
      'The Q elements of the file carry different units.',
      'Export the profile again with one unit for all rows.',
    )
  }
}

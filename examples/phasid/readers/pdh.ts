import { PhasidError } from '../phasid-error.ts'
import { requireRowCount, type RawProfile } from '../profile.ts'
import { parseQUnit, type QUnit } from '../q-unit.ts'
import { parseNumber } from './parse-number.ts'
import { xmlAttribute, xmlElements } from './xml-elements.ts'

/** Title (may be empty), key words, eight integers (the first is the number of rows), two lines of constants. */
const headerLines = 5

/**
 * Reads an Anton Paar `.pdh` file. The header promises a number of rows that may exceed the rows present
 * (points the instrument masked), and an XML footer, which states the unit, follows the last row.
 */
export function readPdh(text: string): RawProfile {
  const lines = text.split(/\r\n|\n|\r/)
  const promised = promisedRows(lines)
  const raw: RawProfile = { q: [], intensity: [], sigma: [], unit: unitOfFooter(text), warnings: [] }
  for (const line of lines.slice(headerLines)) {
    const [q, intensity, sigma] = line.trim().split(/\s+/, 3).map(parseNumber)
    if (q === undefined || intensity === undefined) break
    raw.q.push(q)
    raw.intensity.push(intensity)
    raw.sigma.push(sigma ?? Number.NaN)
  }
  requireRowCount(raw.q.length)
  if (raw.q.length !== promised) raw.warnings.push(`the header promises ${promised} rows, the file has ${raw.q.length}`)
  return raw
}

function promisedRows(lines: readonly string[]): number {
  const rows = parseNumber(lines[2]?.trim().split(/\s+/, 1)[0] ?? '')
  if (rows !== undefined && Number.isInteger(rows) && rows >= 0) return rows
  throw new PhasidError(
    'PHASID_NOT_A_PROFILE',
    'The third line of the file is not the row count of a PDH file.',
    'Check that the file is a complete export of the SAXSess software; its first line, even if empty, belongs to it.',
  )
}

/** The footer describes the columns: the unit of q is the `unit` value inside `<column key="X">`. */
function unitOfFooter(text: string): QUnit | undefined {
  let inColumnX = false
  for (const element of xmlElements(text)) {
    if (element.name === 'column') inColumnX = xmlAttribute(element, 'key') === 'X'
    else if (element.name === '/column') inColumnX = false
    else if (inColumnX && element.name === 'value' && xmlAttribute(element, 'key') === 'unit') {
      return parseQUnit(element.text)
    }
  }
  return undefined
}

import type { RawProfile } from '../profile.ts'
import { readColumns } from './columns.ts'

const maxColumns = 3

/** Reads a `.csv` file: q, intensity and error separated by commas, semicolons (then 0,5 is a half) or tabs. */
export function readCsv(text: string): RawProfile {
  const lines = text.split(/\r\n|\n|\r/)
  const separator = findSeparator(lines)
  return readColumns(lines, line => line.split(separator, maxColumns).map(cell => toPlainNumber(cell, separator)))
}

function findSeparator(lines: readonly string[]): string {
  const sample = lines.slice(0, 50)
  return [';', '\t'].find(separator => sample.some(line => line.includes(separator))) ?? ','
}

function toPlainNumber(cell: string, separator: string): string {
  const plain = cell.trim().replaceAll('"', '')
  return separator === ',' ? plain : plain.replace(',', '.')
}

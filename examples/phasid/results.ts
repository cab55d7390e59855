/**
 * What the run leaves behind, as text. `results.csv` is for the spreadsheet: one line per profile, also for those that could
 * not be read. `results.json` holds the same rows with every peak and the settings, for programs.
 */
import type { ResultRow } from './analyse-profile.ts'
import type { Settings } from './settings.ts'

/** The columns of results.csv in order. Lists inside a cell are separated by a blank, phases by `+`. */
export const resultColumns: readonly { name: string; meaning: string; value: (row: ResultRow) => string }[] = [
  { name: 'file', meaning: 'name of the profile', value: row => row.file },
  { name: 'composition', meaning: 'weight fraction, empty if unknown', value: row => fixed(row.composition, 4) },
  { name: 'temperature_C', meaning: 'degrees Celsius, empty if unknown', value: row => fixed(row.temperature, 2) },
  { name: 'state', meaning: 'phase, single-peak, disordered, none, unassigned or error', value: row => row.state },
  { name: 'phases', meaning: 'phases found, strongest first', value: phaseLabel },
  {
    name: 'lattice_A',
    meaning: 'lattice parameter of each phase (d of a lamellar one), Angstrom',
    value: row => list(row.phases.map(phase => phase.lattice.toFixed(2))),
  },
  {
    name: 'lattice_error_A',
    meaning: 'one standard deviation of each, from how well the peaks agree',
    value: row => list(row.phases.map(phase => phase.latticeError.toFixed(2))),
  },
  { name: 'confidence', meaning: '0 to 1', value: row => row.confidence.toFixed(2) },
  { name: 'runner_up', meaning: 'next best answer', value: row => row.runnerUp ?? '' },
  { name: 'peaks_q', meaning: 'sharp peaks, 1/Angstrom', value: row => qList(row.peaks.map(peak => peak.q)) },
  { name: 'humps_q', meaning: 'broad peaks, 1/Angstrom', value: row => qList(row.humps.map(peak => peak.q)) },
  { name: 'unexplained_q', meaning: 'sharp peaks of no phase, 1/Angstrom', value: row => qList(row.unexplained) },
  { name: 'unit_source', meaning: 'who said the unit of q: file or parameter', value: row => row.unitSource ?? '' },
  { name: 'warnings', meaning: 'what to look at', value: row => row.warnings.join('; ') },
  { name: 'reason', meaning: 'why there is no result (state error)', value: row => row.reason ?? '' },
]

/** The text of results.csv (RFC 4180). */
export function toCsv(rows: readonly ResultRow[]): string {
  const lines = rows.map(row => resultColumns.map(column => quote(column.value(row))).join(','))
  return `${[resultColumns.map(column => column.name).join(','), ...lines].join('\r\n')}\r\n`
}

/** The text of results.json. */
export function toJson(rows: readonly ResultRow[], settings: Settings): string {
  return `${JSON.stringify({ format: 'phasid-results', version: 1, settings, summary: summarise(rows), rows }, null, 1)}\n`
}

/** How many profiles ended in each phase, pair of phases or other state. */
export function summarise(rows: readonly ResultRow[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const row of rows) {
    const label = phaseLabel(row) || row.state
    counts[label] = (counts[label] ?? 0) + 1
  }
  return counts
}

/** `H`, `Im3m+Pn3m`, or nothing. */
export function phaseLabel(row: Pick<ResultRow, 'phases'>): string {
  return row.phases.map(({ phase }) => phase).join('+')
}

function fixed(value: number | null, digits: number): string {
  return value === null ? '' : String(Number(value.toFixed(digits)))
}

function list(values: readonly string[]): string {
  return values.join(' ')
}

function qList(values: readonly number[]): string {
  return list(values.map(q => q.toFixed(5)))
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

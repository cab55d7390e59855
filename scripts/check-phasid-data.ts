/**
 * Runs the phasid example over real profiles and compares with what an index says they are.
 *
 *   node scripts/check-phasid-data.ts FOLDER [--index INDEX.csv]
 *
 * The index (default: INDEX.csv beside FOLDER) has the columns file, expected_phase_or_content, expected_lattice and note; its
 * file names start with the name of FOLDER. A note with a calibration line (`q_true = 1.018 q + 0.009 1/nm`) is applied to
 * all profiles of that subfolder. Exit code 1 when a profile is definitely wrong: a phase that is not there, or a lattice
 * more than 1 % off. Undecided is not wrong.
 */
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { analyseProfile, type ResultRow } from '../examples/phasid/analyse-profile.ts'
import { phaseLabel } from '../examples/phasid/results.ts'
import { parseSampleName } from '../examples/phasid/sample-name.ts'
import { toSettings, type SettingsOptions } from '../examples/phasid/settings.ts'

type Entry = { file: string; content: string; lattice: string; note: string }
type Calibration = { qscale: number; qoffset: number }
type Expected = {
  /** `H`, `Im3m+Pn3m`, `disordered`, `no phase`. */
  label: string
  /** Angstrom, in the order of the label. */
  lattices: (number | undefined)[]
}
type Verdict = 'right' | 'undecided' | 'WRONG'

const latticeTolerance = 0.01

/** Profiles whose instrument is none of the presets. */
const special: readonly { name: RegExp; options: SettingsOptions }[] = [
  { name: /agbh/i, options: { qmin: 0.05, qmax: 0.55 } },
  // Small-angle neutrons: the wavelength spread alone makes a Bragg peak 15 % wide.
  { name: /P123_D2O/, options: { broad: 0.25 } },
]

const { values, positionals } = parseArgs({ allowPositionals: true, options: { index: { type: 'string' } } })
const folder = positionals[0]
if (folder === undefined) {
  console.error('Usage: node scripts/check-phasid-data.ts FOLDER [--index INDEX.csv]')
  process.exit(2)
}
const wrong = await checkFolder(resolve(folder), values.index ?? join(dirname(resolve(folder)), 'INDEX.csv'))
process.exitCode = wrong > 0 ? 1 : 0

/** Prints the table and returns how many are wrong. */
async function checkFolder(path: string, index: string): Promise<number> {
  const entries = (await readIndex(index)).filter(({ file }) => file.startsWith(`${basename(path)}/`))
  const lines: [string, string, string, string, Verdict][] = []
  for (const entry of entries) {
    const calibration = calibrationFor(entry, entries)
    const file = join(dirname(path), entry.file)
    const row = await analyseProfile(file, parseSampleName(file), toSettings(optionsFor(file, calibration)))
    const expected = readExpected(entry, calibration)
    lines.push([
      entry.file,
      describeExpected(expected),
      phaseLabel(row) || row.state,
      describeFound(row),
      judge(row, expected),
    ])
  }
  printTable([['file', 'expected', 'found', 'lattice (Angstrom)', 'verdict'], ...lines])
  const count = (verdict: Verdict) => lines.filter(line => line[4] === verdict).length
  console.log(
    `\n${lines.length} profiles: ${count('right')} right, ${count('undecided')} undecided, ${count('WRONG')} wrong`,
  )
  if (lines.length === 0) console.error(`The index ${index} lists no file of ${basename(path)}/.`)
  return lines.length === 0 ? 1 : count('WRONG')
}

function optionsFor(file: string, calibration: Calibration): SettingsOptions {
  const isLab = extname(file) === '.pdh'
  const own = special.find(({ name }) => name.test(basename(file)))?.options
  return { unit: isLab ? '' : '1/A', instrument: isLab ? 'lab' : 'synchrotron', ...calibration, ...own }
}

/** The calibration line in a note of the same subfolder. */
function calibrationFor({ file }: Entry, entries: readonly Entry[]): Calibration {
  const pattern = /q_true = ([\d.]+) q \+ ([\d.]+) 1\/nm/
  const note = entries.find(entry => dirname(entry.file) === dirname(file) && pattern.test(entry.note))?.note
  const [, scale, offset] = pattern.exec(note ?? '') ?? []
  return scale === undefined ? { qscale: 1, qoffset: 0 } : { qscale: Number(scale), qoffset: Number(offset) }
}

/** Reads the index's words: `H1 p6mm`, `V1 Ia3d`, `L1 (melted)`, `calibrant: lamellar`, `cr (solid surfactant)`. */
function readExpected({ content, lattice }: Entry, calibration: Calibration): Expected {
  const cubic = content.match(/Im3m|Pn3m|Ia3d|Fd3m/g)
  if (cubic !== null) return withLattices(cubic, lattice, calibration)
  if (content.startsWith('V1')) return withLattices(['Ia3d'], lattice, calibration)
  if (content.startsWith('H1')) return withLattices(['H'], lattice, calibration)
  if (/^La\b|lamellar/.test(content)) return withLattices(['La'], lattice, calibration)
  if (content.startsWith('L1')) return { label: 'disordered', lattices: [] }
  return { label: 'no phase', lattices: [] }
}

function withLattices(phases: readonly string[], text: string, calibration: Calibration): Expected {
  const numbers = phases.map(phase => {
    const own = new RegExp(`[ad]\\(${phase}\\)=([\\d.]+)`).exec(text) ?? /[ad]=([\d.]+)/.exec(text)
    const calibrated = /\/ ([\d.]+) calibrated/.exec(text)
    if (calibrated !== null) return Number(calibrated[1]) * 10
    if (own === null) return undefined
    const value = Number(own[1]) * (/nm/.test(text) ? 10 : 1)
    return /raw/.test(text) ? calibrateLattice(phase, value, calibration) : value
  })
  return { label: phases.join('+'), lattices: numbers }
}

/** What an uncalibrated lattice becomes: its first reflection moves along the calibration line (1/nm). */
function calibrateLattice(phase: string, raw: number, { qscale, qoffset }: Calibration): number {
  const factor = phase === 'H' ? (4 * Math.PI) / Math.sqrt(3) : 2 * Math.PI * (phase === 'Ia3d' ? Math.sqrt(6) : 1)
  return (10 * factor) / (qscale * ((10 * factor) / raw) + qoffset)
}

function judge(row: ResultRow, expected: Expected): Verdict {
  if (row.state === 'error') return 'WRONG'
  if (row.state !== 'phase') {
    const isRight = expected.label === 'no phase' || row.state === expected.label
    if (isRight) return 'right'
    return row.state === 'disordered' || row.state === 'none' ? 'WRONG' : 'undecided'
  }
  const phases = expected.label.split('+')
  if (row.phases.some(({ phase }) => !phases.includes(phase))) return 'WRONG'
  const isOff = row.phases.some(({ phase, lattice }) => {
    const wanted = expected.lattices[phases.indexOf(phase)]
    return wanted !== undefined && Math.abs(lattice / wanted - 1) > latticeTolerance
  })
  if (isOff) return 'WRONG'
  return row.phases.length === phases.length ? 'right' : 'undecided'
}

function describeExpected({ label, lattices }: Expected): string {
  const known = lattices.filter(lattice => lattice !== undefined)
  return known.length === 0 ? label : `${label} ${known.map(lattice => lattice.toFixed(1)).join(' ')}`
}

function describeFound(row: ResultRow): string {
  return row.phases.map(({ lattice, latticeError }) => `${lattice.toFixed(2)} ± ${latticeError.toFixed(2)}`).join(', ')
}

async function readIndex(path: string): Promise<Entry[]> {
  const [heading = [], ...lines] = (await readFile(path, 'utf8')).trim().split(/\r?\n/).map(splitCsvLine)
  const cell = (line: readonly string[], name: string) => line[heading.indexOf(name)] ?? ''
  return lines.map(line => ({
    file: cell(line, 'file'),
    content: cell(line, 'expected_phase_or_content'),
    lattice: cell(line, 'expected_lattice'),
    note: cell(line, 'note'),
  }))
}

function splitCsvLine(line: string): string[] {
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)
  return [...cells].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '')
}

function printTable(lines: readonly (readonly string[])[]): void {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
}

/**
 * A scattering profile, the one value every step of the example passes on.
 *
 * A reader turns the text of a file into a `RawProfile`: the columns as they stand, and the unit if the file names it.
 * `toProfile` turns that into a `Profile`: q in 1/Angstrom, ascending, nothing but finite numbers. Here alone is decided
 * which unit counts, and here alone the q calibration is applied.
 */
import { PhasidError } from './phasid-error.ts'
import { toInverseAngstrom, type QUnit } from './q-unit.ts'

/** A profile as a file has it. `sigma` may hold fewer usable values than rows: those are NaN. */
export type RawProfile = {
  q: number[]
  intensity: number[]
  sigma: number[]
  /** The unit the file itself states. */
  unit: QUnit | undefined
  warnings: string[]
}

/** A profile ready for analysis: rows sorted by q, q > 0, all numbers finite. */
export type Profile = {
  /** In 1/Angstrom, strictly ascending. */
  q: number[]
  intensity: number[]
  /** One standard deviation of each intensity; undefined when the file has no usable error column. */
  sigma: number[] | undefined
  unitSource: 'file' | 'parameter'
  warnings: string[]
}

export type ProfileOptions = {
  /** Unit of q for files that do not state theirs. */
  unit?: QUnit | undefined
  /** Calibration of q: q_true = qScale × q + qOffset, with qOffset in the unit of the file. */
  qScale?: number
  qOffset?: number
}

/** Fewer rows than this cannot show a peak on a background. */
export const minRows = 20
/** More rows than this is no azimuthal average of any detector built so far; it also bounds the work per file. */
export const maxRows = 20_000

/** A unit is doubted beyond these values of q in 1/Angstrom; small-angle profiles end in between. */
const largestUsualQ = 3
const smallestUsualQ = 0.05

/** Cleans, sorts, calibrates and converts. Throws PHASID_NOT_A_PROFILE, PHASID_TOO_LARGE or PHASID_UNIT_UNKNOWN. */
export function toProfile(raw: RawProfile, options: ProfileOptions = {}): Profile {
  const warnings = [...raw.warnings]
  const unit = chooseUnit(raw, options.unit)
  const factor = toInverseAngstrom[unit]
  const { qScale = 1, qOffset = 0 } = options
  const rows = cleanRows(raw, q => (qScale * q + qOffset) * factor, warnings)
  requireRowCount(rows.length)
  const largest = rows.at(-1)?.q ?? 0
  if (largest > largestUsualQ || largest < smallestUsualQ) {
    warnings.push(`q ends at ${largest.toPrecision(3)} 1/A, which is unusual: is the unit really ${unit}?`)
  }
  return {
    q: rows.map(row => row.q),
    intensity: rows.map(row => row.intensity),
    sigma: usableSigma(rows, warnings),
    unitSource: raw.unit === undefined ? 'parameter' : 'file',
    warnings,
  }
}

/** The rows with qMin ≤ q ≤ qMax (1/Angstrom). */
export function cutToWindow(profile: Profile, qMin: number, qMax: number): Profile {
  const inside = (_: unknown, row: number) => profile.q[row]! >= qMin && profile.q[row]! <= qMax
  return {
    ...profile,
    q: profile.q.filter(inside),
    intensity: profile.intensity.filter(inside),
    sigma: profile.sigma?.filter(inside),
  }
}

/** Throws unless there are enough, and not too many, rows for a profile. */
export function requireRowCount(rows: number): void {
  if (rows < minRows) {
    throw new PhasidError(
      'PHASID_NOT_A_PROFILE',
      `There are ${rows} rows of numbers, a profile needs at least ${minRows} (in the q range that is searched).`,
      'Check that this is a completely exported q, intensity (, error) profile, and the options unit, qmin and qmax.',
    )
  }
  if (rows > maxRows) {
    throw new PhasidError(
      'PHASID_TOO_LARGE',
      `The file holds more than ${maxRows} rows.`,
      'Rebin the profile; an azimuthal average needs a few thousand points at most.',
    )
  }
}

type Row = { q: number; intensity: number; sigma: number }

function chooseUnit(raw: RawProfile, wanted: QUnit | undefined): QUnit {
  if (raw.unit !== undefined) return raw.unit
  if (wanted) return wanted
  const largest = raw.q.reduce((most, q) => (q > most ? q : most), 0)
  throw new PhasidError(
    'PHASID_UNIT_UNKNOWN',
    'The file does not say in which unit its q column is.',
    `Pass unit=1/A or unit=1/nm; q ends at ${largest.toPrecision(3)}, which looks like ${largest > 1 ? '1/nm' : '1/A'}.`,
  )
}

function cleanRows(raw: RawProfile, calibrate: (q: number) => number, warnings: string[]): Row[] {
  const rows = raw.q
    .map((q, row) => ({ q: calibrate(q), intensity: raw.intensity[row]!, sigma: raw.sigma[row] ?? Number.NaN }))
    .filter(row => Number.isFinite(row.q) && Number.isFinite(row.intensity) && row.q > 0)
    .sort((a, b) => a.q - b.q)
  const unique = rows.filter((row, at) => at === 0 || row.q > rows[at - 1]!.q)
  const dropped = raw.q.length - unique.length
  if (dropped > 0) warnings.push(`${dropped} rows left out (not a number, q not positive, or q given twice)`)
  return unique
}

/** An error column helps only when (nearly) all of it is there; a few holes take the value of the row before. */
function usableSigma(rows: readonly Row[], warnings: string[]): number[] | undefined {
  const good = rows.filter(row => isUsable(row.sigma))
  if (good.length < 0.9 * rows.length) {
    if (good.length > 0) warnings.push('the error column has too many holes and was not used')
    return undefined
  }
  let last = good[0]!.sigma
  return rows.map(row => (last = isUsable(row.sigma) ? row.sigma : last))
}

function isUsable(sigma: number): boolean {
  return Number.isFinite(sigma) && sigma > 0
}

import type { ResultRow } from '../analyse-profile.ts'
import type { Truth } from './generate-series.ts'

/**
 * - `right`: the same phases with lattices within 1.5 % (or the same state, when there is no crystal phase).
 * - `undecided`: no claim that is false: no phase named, or only one of two that coexist.
 * - `wrong`: a phase that is not there, a lattice that is off, or "no crystal" where there is one.
 */
export type Verdict = 'right' | 'undecided' | 'wrong'

export type Comparison = {
  /** One line per kind of sample (`H`, `Im3m+Pn3m`, `disordered`, `error`) in alphabetical order. */
  table: { truth: string; right: number; undecided: number; wrong: number }[]
  /** Every file that is not right. */
  misses: { file: string; truth: string; found: string; verdict: Verdict }[]
}

const latticeTolerance = 0.015
/** A smaller share of a crystal phase in a solution can be lost in the noise. */
const visibleShare = 0.03

/** Judges the results of a generated series. A file without a row counts as wrong. */
export function compareWithTruth(rows: readonly ResultRow[], truth: readonly Truth[]): Comparison {
  const byFile = new Map(rows.map(row => [row.file, row]))
  const lines = new Map<string, Comparison['table'][number]>()
  const misses: Comparison['misses'] = []
  for (const expected of truth) {
    const row = byFile.get(expected.file)
    const verdict = row === undefined ? 'wrong' : judge(row, expected)
    const label = labelOf(expected)
    const line = lines.get(label) ?? { truth: label, right: 0, undecided: 0, wrong: 0 }
    line[verdict]++
    lines.set(label, line)
    if (verdict === 'right') continue
    misses.push({ file: expected.file, truth: label, found: row === undefined ? 'no row' : labelOf(row), verdict })
  }
  return { table: [...lines.values()].sort((a, b) => (a.truth < b.truth ? -1 : 1)), misses }
}

/** Judges one row. */
function judge(row: ResultRow, truth: Truth): Verdict {
  if (row.state === 'error' || truth.state === 'error') return row.state === truth.state ? 'right' : 'wrong'
  if (truth.state === 'disordered') {
    if (row.state === 'disordered') return 'right'
    return row.state === 'phase' ? 'wrong' : 'undecided'
  }
  if (row.state === 'disordered' || row.state === 'none') {
    return truth.phases.some(phase => phase.share >= visibleShare) ? 'wrong' : 'undecided'
  }
  if (row.state !== 'phase') return 'undecided'
  const isTrue = row.phases.every(found =>
    truth.phases.some(
      real => real.phase === found.phase && Math.abs(found.lattice / real.lattice - 1) < latticeTolerance,
    ),
  )
  if (!isTrue) return 'wrong'
  return row.phases.length === truth.phases.length ? 'right' : 'undecided'
}

function labelOf({ state, phases }: (Pick<Truth, 'phases'> & { state: string }) | ResultRow): string {
  if (phases.length === 0) return state
  return phases
    .map(({ phase }) => phase)
    .sort()
    .join('+')
}

/**
 * Every lattice that some of the peaks could belong to. A candidate is one phase with one lattice parameter and the peaks
 * it explains; nothing is decided here.
 */
import { fitLattice, type LatticeFit } from './lattice.ts'
import type { Peak } from './measure-peak.ts'
import { phases, type PhaseName } from './reflections.ts'

export type Candidate = LatticeFit & {
  phase: PhaseName
  /** One-to-one, ascending in N; `peak` is the place in the list of peaks. */
  assigned: { n: number; peak: number; q: number }[]
  /** 0 to 1: how completely and how exactly the peaks show this lattice. */
  quality: number
}

export type QWindow = {
  /** Range that was searched for peaks, 1/Angstrom: a reflection outside it is not missing. */
  qMin: number
  qMax: number
}

/** A peak may sit this far (share of q) from its reflection, or this many point distances where points are coarse. */
const toleranceShare = 0.006
const toleranceSteps = 1.5
/** Deviation that halves the trust in a fit: peaks of one lattice agree to a few tenths of a percent. */
const typicalRms = 0.004
/** Each peak is tried as each of this many first reflections. */
const startReflections = 4
const refits = 3
/** Two fits of one phase closer than this (share of the lattice parameter) are the same candidate. */
const sameLattice = 0.004

/** All candidates for the peaks, best quality first. */
export function findCandidates(
  peaks: readonly Peak[],
  window: QWindow,
  allowed: readonly PhaseName[],
): readonly Candidate[] {
  const found: Candidate[] = []
  for (const phase of allowed) {
    for (const start of peaks) {
      for (const n of phases[phase].reflections.slice(0, startReflections)) {
        const candidate = growCandidate(phase, start.q / Math.sqrt(n), peaks, window)
        if (candidate !== undefined) found.push(candidate)
      }
    }
  }
  return withoutRepeats(found.sort((a, b) => b.quality - a.quality))
}

/**
 * Assigns and refits by turns. The best of the rounds is kept, not the last: a peak that enters at the edge of the
 * tolerance can push the fit so far that another one, maybe the first reflection, drops out.
 */
function growCandidate(
  phase: PhaseName,
  firstSlope: number,
  peaks: readonly Peak[],
  window: QWindow,
): Candidate | undefined {
  let slope = firstSlope
  let best: Candidate | undefined
  for (let round = 0; round <= refits; round++) {
    const assigned = assignPeaks(phase, slope, peaks, window)
    if (assigned.length < phases[phase].minPeaks) break
    const fit = fitLattice(phase, assigned)
    if (hasTellingReflections(phase, assigned, peaks)) {
      const quality = qualityOf(phase, fit, assigned, window)
      if (best === undefined || quality > best.quality) best = { phase, assigned, ...fit, quality }
    }
    if (fit.slope === slope) break
    slope = fit.slope
  }
  return best
}

/** Pairs of reflection and peak within the tolerance, closest pairs first, each used once. */
function assignPeaks(phase: PhaseName, slope: number, peaks: readonly Peak[], window: QWindow): Candidate['assigned'] {
  const pairs = reflectionsInside(phase, slope, window).flatMap(n => {
    const expected = slope * Math.sqrt(n)
    return peaks.flatMap(({ q, step }, peak) => {
      const distance = Math.abs(q - expected)
      return distance <= Math.max(toleranceShare * expected, toleranceSteps * step) ? [{ n, peak, q, distance }] : []
    })
  })
  const usedReflections = new Set<number>()
  const usedPeaks = new Set<number>()
  return pairs
    .sort((a, b) => a.distance - b.distance)
    .filter(({ n, peak }) => {
      if (usedReflections.has(n) || usedPeaks.has(peak)) return false
      usedReflections.add(n)
      usedPeaks.add(peak)
      return true
    })
    .map(({ n, peak, q }) => ({ n, peak, q }))
    .sort((a, b) => a.n - b.n)
}

/**
 * The first reflection must be there. A cubic phase must show the second too, or the third and fourth; and the (211) of
 * Ia3d is never weaker than its (220): without these rules the 1 : √3 of a hexagonal phase passes for √8 : √24 of Ia3d.
 */
function hasTellingReflections(phase: PhaseName, assigned: Candidate['assigned'], peaks: readonly Peak[]): boolean {
  const { symmetry, reflections } = phases[phase]
  const has = (rank: number) => assigned.some(({ n }) => n === reflections[rank - 1])
  if (!has(1)) return false
  if (symmetry !== 'cubic') return true
  if (!has(2) && !(has(3) && has(4))) return false
  const height = (wanted: number) => peaks[assigned.find(({ n }) => n === wanted)?.peak ?? -1]?.height ?? 0
  return phase !== 'Ia3d' || height(6) >= height(8)
}

function qualityOf(phase: PhaseName, fit: LatticeFit, assigned: Candidate['assigned'], window: QWindow): number {
  const visible = reflectionsInside(phase, fit.slope, window)
  const found = new Set(assigned.map(({ n }) => n))
  let seen = 0
  let all = 0
  for (const [index, n] of visible.entries()) {
    all += 1 / (index + 1)
    if (found.has(n)) seen += 1 / (index + 1)
  }
  const exactness = Math.exp(-((fit.rms / typicalRms) ** 2) / 2)
  const evidence = 1 - Math.exp(-assigned.length / 2)
  return (seen / all) * exactness * evidence * phases[phase].prior
}

function reflectionsInside(phase: PhaseName, slope: number, { qMin, qMax }: QWindow): number[] {
  return phases[phase].reflections.filter(n => slope * Math.sqrt(n) >= qMin && slope * Math.sqrt(n) <= qMax)
}

function withoutRepeats(sorted: readonly Candidate[]): Candidate[] {
  const kept: Candidate[] = []
  for (const candidate of sorted) {
    const isKnown = kept.some(
      other => other.phase === candidate.phase && Math.abs(other.lattice / candidate.lattice - 1) < sameLattice,
    )
    if (!isKnown) kept.push(candidate)
  }
  return kept
}

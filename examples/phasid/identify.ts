/**
 * From peaks to phases. Looks at every single lattice and every pair of lattices the peaks allow and keeps the set that
 * explains most of what was seen, best. Peeling off the best phase first and indexing the rest would be shorter and wrong:
 * coexisting Im3m and Pn3m then pass for one Pm3n lattice.
 *
 * When the evidence does not carry a phase, the answer is one of the other states; a phase is never made up.
 */
import { findCandidates, type Candidate, type QWindow } from './candidates.ts'
import { latticeOfPeak, meanGaussianCurvature } from './lattice.ts'
import type { Peak } from './measure-peak.ts'
import type { Peaks } from './peaks.ts'
import { evidenceOf, explainedPeaks, isLessComplete, nameOf, rankSets, type PhaseSet } from './phase-sets.ts'
import { phaseNames, type PhaseName } from './reflections.ts'

/**
 * - `phase`: one or two phases were found.
 * - `single-peak`: one sharp peak; lamellar and hexagonal cannot be told apart.
 * - `disordered`: no sharp peak but a hump, as of a micellar solution or a sponge phase.
 * - `none`: nothing stands out of the background.
 * - `unassigned`: sharp peaks, but no lattice (or no single one) explains them well enough.
 */
export type State = 'phase' | 'single-peak' | 'disordered' | 'none' | 'unassigned'

export type IdentifiedPhase = {
  phase: PhaseName
  /** Lattice parameter and its standard deviation, Angstrom. */
  lattice: number
  latticeError: number
  rms: number
  peaks: { n: number; q: number; lattice: number }[]
  /** 1/Angstrom², bicontinuous cubic phases only. */
  gaussianCurvature: number | undefined
}

export type Identification = {
  state: State
  /** Strongest evidence first; empty unless the state is `phase`. */
  phases: IdentifiedPhase[]
  /** 0 to about 1: how well the set explains the peaks. */
  score: number
  /**
   * 0 to 1: how far the next best different answer falls behind, times how much n peaks per phase can prove at all,
   * 1 − exp(−n/2), so that two peaks never give more than 0.63. 0 unless the state is `phase`.
   */
  confidence: number
  /** The next best different answer, such as `H` or `Im3m+Pn3m`; of an `unassigned` profile the best one that failed. */
  runnerUp: string | undefined
  /** Places of the sharp peaks that no phase of the answer explains, 1/Angstrom. */
  unexplained: number[]
}

export type IdentifyOptions = QWindow & {
  /** Phases that may be present at all; every known one unless told otherwise. */
  phases?: readonly PhaseName[]
}

/** A lone peak has no other peak to confirm it: it must stand out twice as clearly as one of several. */
const minLoneSnr = 12
/** A set that explains less than this is no answer. */
const minScore = 0.3
/** When a different answer that explains other peaks, or as many, comes this close (share of the score), neither is given. */
const minMargin = 0.05

/** Decides which phases the peaks show. */
export function identify({ sharp, humps }: Peaks, options: IdentifyOptions): Identification {
  const [first] = sharp
  if (first === undefined || (sharp.length === 1 && first.snr < minLoneSnr)) {
    return undecided(humps.length > 0 ? 'disordered' : 'none', sharp)
  }
  if (sharp.length === 1) return undecided('single-peak', sharp)
  const candidates = findCandidates(sharp, options, options.phases ?? phaseNames)
  const sets = rankSets(candidates, sharp)
  const [best] = sets
  if (best === undefined || best.score < minScore) return undecided('unassigned', sharp, best)
  const others = sets.filter(set => nameOf(set) !== nameOf(best))
  const explained = explainedPeaks(best)
  const rival = others.find(set => !isLessComplete(explainedPeaks(set), explained))
  if (rival !== undefined && rival.score > (1 - minMargin) * best.score) return undecided('unassigned', sharp, best)
  return {
    state: 'phase',
    phases: best.members.map(describe),
    score: best.score,
    confidence: (1 - (others[0]?.score ?? 0) / best.score) * evidenceOf(best),
    runnerUp: others[0] && nameOf(others[0]),
    unexplained: sharp.filter((_, peak) => !explained.has(peak)).map(({ q }) => q),
  }
}

/** The same for positions without a profile behind them, as printed in papers: all peaks count alike. */
export function identifyPositions(
  positions: readonly number[],
  options: Partial<IdentifyOptions> = {},
): Identification {
  const q = positions.toSorted((a, b) => a - b)
  const sharp = q.map(value => ({ q: value, height: 1, fwhm: 0, snr: 20, step: 0 }))
  const window = { qMin: (q[0] ?? 0) * 0.9, qMax: (q.at(-1) ?? 0) * 1.02 }
  return identify({ sharp, humps: [] }, { ...window, ...options })
}

function describe({ phase, lattice, latticeError, rms, assigned }: Candidate): IdentifiedPhase {
  return {
    phase,
    lattice,
    latticeError,
    rms,
    peaks: assigned.map(({ n, q }) => ({ n, q, lattice: latticeOfPeak(phase, { n, q }) })),
    gaussianCurvature: meanGaussianCurvature(phase, lattice),
  }
}

function undecided(state: State, sharp: readonly Peak[], best?: PhaseSet): Identification {
  return {
    state,
    phases: [],
    score: best?.score ?? 0,
    confidence: 0,
    runnerUp: best && nameOf(best),
    unexplained: sharp.map(({ q }) => q),
  }
}

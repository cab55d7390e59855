/**
 * Which sets of lattices, one or two at a time, account best for all peaks together.
 */
import type { Candidate } from './candidates.ts'
import type { Peak } from './measure-peak.ts'
import { bonnetRatios } from './reflections.ts'

/** A set without the lowest peak asks for one more phase, of which that peak would be all there is to see. */
const lowestPeakPenalty = 0.8
/** A lowest peak below this share of the strongest may be the edge of the beam stop and does not count. */
const notablePeakShare = 0.1
/** A pair needs this many peaks per phase that the other does not explain. */
const minExclusivePeaks = 2
/** Two phases have more freedom than one: a pair must explain clearly more to win. */
const pairPenalty = 0.8
/** Coexisting bicontinuous cubic phases keep the Bonnet ratio within this share; such a pair is all the more credible. */
const bonnetTolerance = 0.025
const bonnetBonus = 1.15
/** Pairs are formed among this many best candidates; bounds the work. */
const maxCandidatesInPairs = 60

/** One or two candidates that together explain the peaks. */
export type PhaseSet = { members: readonly Candidate[]; score: number }

/** Every candidate alone and every pair of them, best score first. */
export function rankSets(candidates: readonly Candidate[], peaks: readonly Peak[]): PhaseSet[] {
  const share = shareExplained(peaks)
  const singles = candidates.map(one => ({ members: [one], score: one.quality * share([one]) }))
  const pairs = pairsOf(candidates.slice(0, maxCandidatesInPairs))
    .filter(([one, other]) => exclusivePeaks(one, other) >= minExclusivePeaks)
    .filter(([one, other]) => exclusivePeaks(other, one) >= minExclusivePeaks)
    .map(members => {
      const [one, other] = members
      const score = share(members) * Math.sqrt(one.quality * other.quality) * pairPenalty
      return { members, score: score * bonnetFactor(one, other) }
    })
    .filter(({ score }) => score > 0)
  return [...singles, ...pairs].sort((a, b) => b.score - a.score)
}

/** How much of the peaks' evidence, log(1 + SNR) each, a set of candidates accounts for: 0 to 1. */
function shareExplained(peaks: readonly Peak[]): (members: readonly Candidate[]) => number {
  const evidence = peaks.map(peak => Math.log1p(peak.snr))
  const total = evidence.reduce((sum, value) => sum + value, 0)
  const highest = Math.max(...peaks.map(peak => peak.height))
  const lowest = peaks.findIndex(peak => peak.height >= notablePeakShare * highest)
  return members => {
    const places = explainedPeaks({ members })
    const share = [...places].reduce((sum, peak) => sum + evidence[peak]!, 0) / total
    return places.has(lowest) ? share : share * lowestPeakPenalty
  }
}

function pairsOf(candidates: readonly Candidate[]): [Candidate, Candidate][] {
  return candidates.flatMap((one, at) => candidates.slice(at + 1).map((other): [Candidate, Candidate] => [one, other]))
}

function exclusivePeaks(one: Candidate, other: Candidate): number {
  return one.assigned.filter(({ peak }) => !other.assigned.some(taken => taken.peak === peak)).length
}

/**
 * Bicontinuous cubic phases in equilibrium share one curvature, which fixes the ratio of their lattices: a pair that keeps it
 * gains, one that does not (two lattices of one phase, or an Im3m that is the Pn3m with overlapped peaks) is out.
 */
function bonnetFactor(one: Candidate, other: Candidate): number {
  if (!isBicontinuous(one) || !isBicontinuous(other)) return 1
  const isKept = bonnetRatios.some(({ larger, smaller, ratio }) => {
    const [a, b] = one.phase === larger ? [one, other] : [other, one]
    return a.phase === larger && b.phase === smaller && Math.abs(a.lattice / b.lattice / ratio - 1) < bonnetTolerance
  })
  return isKept ? bonnetBonus : 0
}

function isBicontinuous({ phase }: Candidate): boolean {
  return bonnetRatios.some(({ larger, smaller }) => phase === larger || phase === smaller)
}

/** The phases of a set in alphabetical order, such as `Im3m+Pn3m`. */
export function nameOf(set: PhaseSet): string {
  return set.members
    .map(member => member.phase)
    .sort()
    .join('+')
}

/** Places of the peaks a set accounts for. */
export function explainedPeaks({ members }: Pick<PhaseSet, 'members'>): Set<number> {
  return new Set(members.flatMap(member => member.assigned.map(({ peak }) => peak)))
}

/** Whether a set of peaks is a true part of another: then it is no different reading of the profile, only a poorer one. */
export function isLessComplete(some: ReadonlySet<number>, all: ReadonlySet<number>): boolean {
  return some.size < all.size && some.isSubsetOf(all)
}

/** How much the peaks of a set's weaker phase can prove at all: 0.63 for two peaks, towards 1 for many. */
export function evidenceOf({ members }: PhaseSet): number {
  const fewest = Math.min(...members.map(member => member.assigned.length))
  return 1 - Math.exp(-fewest / 2)
}

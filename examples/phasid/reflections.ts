/**
 * Which reflections each phase shows, from the reflection conditions of the International Tables for Crystallography.
 * A reflection is named by N: q is proportional to sqrt(N). N = n² for lamellar orders, h²+hk+k² for the hexagonal phase,
 * h²+k²+l² for the cubic ones.
 */
export type PhaseName = 'La' | 'H' | 'Pn3m' | 'Im3m' | 'Ia3d' | 'Fd3m' | 'Pm3n' | 'Fm3m'

export type PhaseRules = {
  symmetry: 'lamellar' | 'hexagonal' | 'cubic'
  /** Allowed N, ascending. */
  reflections: readonly number[]
  /** Fewer peaks than this prove nothing. */
  minPeaks: number
  /** Weight against phases whose dense reflection lists fit almost anything. */
  prior: number
  /** What people call it, for tables and legends. */
  label: string
}

export const phases: Readonly<Record<PhaseName, PhaseRules>> = {
  La: {
    symmetry: 'lamellar',
    reflections: [1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121, 144],
    minPeaks: 2,
    prior: 1,
    label: 'lamellar Lα',
  },
  H: {
    symmetry: 'hexagonal',
    reflections: [1, 3, 4, 7, 9, 12, 13, 16, 19, 21, 25, 27, 28],
    minPeaks: 2,
    prior: 1,
    label: 'hexagonal H (p6mm)',
  },
  Pn3m: {
    symmetry: 'cubic',
    reflections: [2, 3, 4, 6, 8, 9, 10, 11, 12, 14, 16, 17, 18, 19, 20, 21, 22, 24, 26, 27, 29, 30],
    minPeaks: 3,
    prior: 1,
    label: 'cubic Pn3m (QD)',
  },
  Im3m: {
    symmetry: 'cubic',
    reflections: [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 30, 32],
    minPeaks: 3,
    prior: 1,
    label: 'cubic Im3m (QP)',
  },
  Ia3d: {
    symmetry: 'cubic',
    reflections: [6, 8, 14, 16, 20, 22, 24, 26, 30, 32, 38],
    minPeaks: 3,
    prior: 1,
    label: 'cubic Ia3d (V1, QG)',
  },
  Fd3m: {
    symmetry: 'cubic',
    reflections: [3, 8, 11, 12, 16, 19, 24, 27, 32, 35, 36],
    minPeaks: 5,
    prior: 0.8,
    label: 'cubic Fd3m (micellar)',
  },
  Pm3n: {
    symmetry: 'cubic',
    reflections: [2, 4, 5, 6, 8, 10, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24, 25, 26],
    minPeaks: 5,
    prior: 0.75,
    label: 'cubic Pm3n (micellar)',
  },
  Fm3m: {
    symmetry: 'cubic',
    reflections: [3, 4, 8, 11, 12, 16, 19, 20, 24, 27],
    minPeaks: 5,
    prior: 0.8,
    label: 'cubic Fm3m (micellar fcc)',
  },
}

export const phaseNames = Object.keys(phases) as PhaseName[]

/** Lattice parameters of bicontinuous cubic phases that coexist stand in these ratios (Bonnet transformation). */
export const bonnetRatios: readonly { larger: PhaseName; smaller: PhaseName; ratio: number }[] = [
  { larger: 'Im3m', smaller: 'Pn3m', ratio: 1.279 },
  { larger: 'Ia3d', smaller: 'Pn3m', ratio: 1.576 },
  { larger: 'Ia3d', smaller: 'Im3m', ratio: 1.232 },
]

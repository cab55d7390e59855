/** The arithmetic of lattices: q = slope × sqrt(N) through the origin. All lengths in Angstrom, all q in 1/Angstrom. */
import { phases, type PhaseName } from './reflections.ts'

/** One peak given to one reflection. */
export type Assignment = { n: number; q: number; weight?: number }

export type LatticeFit = {
  /** q of N = 1. */
  slope: number
  /** Lattice parameter: d of the lamellae, a of the hexagonal or cubic cell. */
  lattice: number
  /** One standard deviation of the lattice parameter, from how well the peaks agree. */
  latticeError: number
  /** Root mean square of q / (slope × sqrt(N)) − 1. */
  rms: number
}

/** Fits q = slope × sqrt(N) by (weighted) least squares. Needs at least one assignment. */
export function fitLattice(phase: PhaseName, assigned: readonly Assignment[]): LatticeFit {
  let crossSum = 0
  let squareSum = 0
  for (const { n, q, weight = 1 } of assigned) {
    crossSum += weight * q * Math.sqrt(n)
    squareSum += weight * n
  }
  const slope = crossSum / squareSum
  const squares = assigned.reduce((sum, { n, q }) => sum + (q / (slope * Math.sqrt(n)) - 1) ** 2, 0)
  const rms = Math.sqrt(squares / assigned.length)
  const lattice = latticeFromSlope(phase, slope)
  const latticeError = assigned.length > 1 ? (lattice * rms) / Math.sqrt(assigned.length - 1) : Number.NaN
  return { slope, lattice, latticeError, rms }
}

/** Lattice parameter from q of N = 1: 2π/q (lamellar, cubic) or 4π/(√3 q) (hexagonal). */
export function latticeFromSlope(phase: PhaseName, slope: number): number {
  return latticeConstant(phase) / slope
}

/** q of one reflection of a lattice. */
export function reflectionQ(phase: PhaseName, lattice: number, n: number): number {
  return (latticeConstant(phase) / lattice) * Math.sqrt(n)
}

/** The lattice parameter one single peak stands for; users compare these from peak to peak. */
export function latticeOfPeak(phase: PhaseName, { n, q }: Assignment): number {
  return latticeFromSlope(phase, q / Math.sqrt(n))
}

/** Euler characteristic χ and area A0 of the unit cell of the minimal surface, per unit lattice. */
const surfaces: Partial<Record<PhaseName, { euler: number; area: number }>> = {
  Pn3m: { euler: -2, area: 1.919 },
  Im3m: { euler: -4, area: 2.345 },
  Ia3d: { euler: -8, area: 3.091 },
}

/** Mean Gaussian curvature ⟨K⟩ = 2πχ / (A0 a²) of a bicontinuous cubic phase, 1/Angstrom²; undefined for the others. */
export function meanGaussianCurvature(phase: PhaseName, lattice: number): number | undefined {
  const surface = surfaces[phase]
  return surface && (2 * Math.PI * surface.euler) / (surface.area * lattice ** 2)
}

function latticeConstant(phase: PhaseName): number {
  return phases[phase].symmetry === 'hexagonal' ? (4 * Math.PI) / Math.sqrt(3) : 2 * Math.PI
}

/**
 * The phase diagram the generated series follows: an invented amphiphile in water. Nature's rules are kept: with less water
 * the phases come in the usual order, the more hydrated cubic phase first (Im3m, Pn3m, Ia3d); neighbours are separated by a
 * narrow band where both coexist; and the cubic phases coexist at the Bonnet ratios of their lattices.
 */
import type { PhaseName } from '../reflections.ts'
import type { Random } from './random.ts'

export type ModelPhase = { phase: PhaseName | 'L1'; share: number; lattice: number }

/** Compositions (weight fraction) and temperatures (C) the model is made for. */
export const modelRange = { composition: [0.5, 0.95], temperature: [20, 80] } as const

/** Half-width of a two-phase band, weight fraction. */
const bandHalfWidth = 0.014

/** From dilute to dry; each boundary is where the phase before it ends, moving with temperature. */
const order: readonly (PhaseName | 'L1')[] = ['L1', 'H', 'Im3m', 'Pn3m', 'Ia3d', 'La']
const boundaries: readonly { at20: number; perDegree: number }[] = [
  { at20: 0.545, perDegree: 0.0016 },
  { at20: 0.66, perDegree: 0.0002 },
  { at20: 0.728, perDegree: 0.0006 },
  { at20: 0.84, perDegree: -0.0008 },
  { at20: 0.905, perDegree: -0.0008 },
]

/** What differs from one amphiphile to the next. */
export type Substance = {
  /** Moves all boundaries, weight fraction. */
  shift: number
  /** Scales all lattices. */
  size: number
}

/** An amphiphile of its own for every seed. */
export function createSubstance(random: Random): Substance {
  return { shift: 0.03 * (random.uniform() - 0.5), size: 0.97 + 0.09 * random.uniform() }
}

/** The one or two phases at a point, larger share first. L1 has no lattice: its `lattice` is the distance of the micelles. */
export function phasesAt(composition: number, temperature: number, { shift, size }: Substance): ModelPhase[] {
  const positions = boundaries.map(({ at20, perDegree }) => at20 + shift + perDegree * (temperature - 20))
  const model = (phase: PhaseName | 'L1', share: number): ModelPhase => ({
    phase,
    share,
    lattice: size * latticeAt(phase, composition, temperature),
  })
  const band = positions.findIndex(position => Math.abs(composition - position) < bandHalfWidth)
  if (band < 0) return [model(order[positions.filter(position => composition > position).length]!, 1)]
  const share = (composition - positions[band]! + bandHalfWidth) / (2 * bandHalfWidth)
  return [model(order[band]!, 1 - share), model(order[band + 1]!, share)].sort((a, b) => b.share - a.share)
}

/** Lattices shrink with less water and, as chains get livelier, with temperature. Angstrom. */
function latticeAt(phase: PhaseName | 'L1', composition: number, temperature: number): number {
  const warm = 1 - 0.0006 * (temperature - 20)
  const diamond = (112 - 70 * (composition - 0.75)) * warm
  switch (phase) {
    case 'L1':
      return (72 - 30 * (composition - 0.55)) * warm
    case 'H':
      return (76 - 40 * (composition - 0.6)) * warm
    case 'Im3m':
      return 1.279 * diamond
    case 'Pn3m':
      return diamond
    case 'Ia3d':
      return 1.576 * diamond
    default:
      return (66 - 40 * (composition - 0.9)) * warm
  }
}

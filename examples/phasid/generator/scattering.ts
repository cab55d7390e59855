/**
 * The scattering of a sample as a function of q, before any detector: Bragg peaks of its phases on a smooth background.
 * Intensities are relative to the strongest Bragg peak of a pure phase (1).
 */
import { reflectionQ } from '../lattice.ts'
import type { PhaseName } from '../reflections.ts'
import type { ModelPhase } from './phase-model.ts'
import type { Random } from './random.ts'

/** Multiplicity × form factor of the first reflections, in percent: plausible values in the order of published ones. */
const relativeIntensities: Partial<Record<PhaseName, Readonly<Record<number, number>>>> = {
  La: { 1: 100, 4: 14, 9: 4, 16: 1 },
  H: { 1: 100, 3: 13, 4: 8, 7: 3, 9: 1, 12: 1 },
  Pn3m: { 2: 100, 3: 62, 4: 22, 6: 14, 8: 7, 9: 9, 10: 3, 11: 3, 12: 2, 14: 1 },
  Im3m: { 2: 100, 4: 38, 6: 28, 8: 4, 10: 6, 12: 5, 14: 5, 16: 1 },
  Ia3d: { 6: 100, 8: 36, 14: 6, 16: 5, 20: 7, 22: 8, 24: 4, 26: 4, 30: 1 },
}

/** Spread of one intensity around the table: the powder average of a real sample is never perfect. */
const textureSpread = 0.25
/** Mean displacement of the Debye-Waller factor exp(−q²u²), Angstrom, at 20 C and per degree. */
const displacement = { at20: 2.2, perDegree: 0.012 }
/** Width of the instrument's resolution, FWHM in 1/Angstrom: a constant part and a part growing with q. */
const resolution = { constant: 0.0012, perQ: 0.006 }
/** Scherrer constant of a roughly spherical domain. */
const scherrer = 0.9

/** Intensity at any q in 1/Angstrom. Draws its random details (domain size, texture, background) when called. */
export function createScattering(
  phases: readonly ModelPhase[],
  temperature: number,
  random: Random,
): (q: number) => number {
  const parts = phases.map(part => (part.phase === 'L1' ? solution(part, random) : crystal(part, temperature, random)))
  const background = createBackground(random)
  return q => parts.reduce((sum, part) => sum + part(q), background(q))
}

function crystal({ phase, share, lattice }: ModelPhase, temperature: number, random: Random) {
  const domain = 1500 + 2500 * random.uniform()
  const moved = displacement.at20 + displacement.perDegree * (temperature - 20)
  const scale = share * (0.7 + 0.6 * random.uniform())
  const table = relativeIntensities[phase as PhaseName] ?? {}
  const first = Math.min(...Object.keys(table).map(Number))
  const peaks = Object.entries(table).map(([key, percent]) => {
    const center = reflectionQ(phase as PhaseName, lattice, Number(key))
    const decay = Math.exp(-(moved ** 2) * (center ** 2 - reflectionQ(phase as PhaseName, lattice, first) ** 2))
    const texture = Math.exp(textureSpread * random.normal())
    const fwhm = Math.hypot((2 * Math.PI * scherrer) / domain, resolution.constant + resolution.perQ * center)
    return { center, fwhm, height: (scale * percent * decay * texture) / 100 }
  })
  return (q: number) => peaks.reduce((sum, peak) => sum + peak.height * pseudoVoigt((q - peak.center) / peak.fwhm), 0)
}

/** Micelles without order: one wide correlation peak (Lorentzian on a relative q scale). */
function solution({ share, lattice }: ModelPhase, random: Random) {
  const center = (2 * Math.PI) / lattice
  const relativeWidth = 0.22 + 0.1 * random.uniform()
  return (q: number) => (share * 0.25) / (1 + ((2 * (q / center - 1)) / relativeWidth) ** 2)
}

/** Power law of large structures, the form factor of a bilayer or rod (a wide bump), and a constant. */
function createBackground(random: Random) {
  const porod = 3e-7 * (0.5 + random.uniform())
  const exponent = 3.2 + 0.8 * random.uniform()
  const bump = 0.01 * (0.5 + random.uniform())
  const thickness = 34 + 6 * random.uniform()
  const constant = 0.003 * (0.7 + 0.6 * random.uniform())
  return (q: number) => {
    const form = Math.sin((q * thickness) / 2) ** 2 * Math.exp(-((q * 6) ** 2))
    return porod * q ** -exponent + bump * form + constant
  }
}

/** Unit height, unit FWHM; 40 % Lorentzian, as size broadening and a beam profile give together. */
function pseudoVoigt(x: number): number {
  return 0.4 / (1 + 4 * x * x) + 0.6 * Math.exp(-4 * Math.LN2 * x * x)
}

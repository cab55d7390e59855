/** The detector: how a scattering curve becomes counted, averaged columns with their error. */
import type { Random } from './random.ts'

export type Measured = {
  /** 1/Angstrom. */
  q: number[]
  /** Counts per pixel. */
  intensity: number[]
  /** One standard deviation from counting. */
  sigma: number[]
}

export type Exposure = {
  /** Seconds; the counts of every pixel grow with it. */
  seconds: number
}

const points = 620
const firstQ = 0.006
const lastQ = 0.315
/** Half the intensity is gone here: the shadow of the beam stop. */
const beamStopQ = 0.011
/** From here on rings leave the detector: fewer pixels, and the frame shadows the last ones. */
const edgeQ = 0.29
/** Counts per second and pixel at intensity 1. */
const flux = 40

/** Averages the scattering over the rings of a detector, with Poisson noise of the counts. */
export function measure(scattering: (q: number) => number, { seconds }: Exposure, random: Random): Measured {
  const measured: Measured = { q: [], intensity: [], sigma: [] }
  for (let point = 0; point < points; point++) {
    const q = firstQ + ((lastQ - firstQ) * point) / (points - 1)
    const pixels = pixelsOfRing(q)
    const mean = scattering(q) * beamStop(q) * frameShadow(q) * flux * seconds * pixels
    const counts = random.poisson(mean)
    measured.q.push(q)
    measured.intensity.push(counts / pixels)
    measured.sigma.push(Math.sqrt(Math.max(1, counts)) / pixels)
  }
  return measured
}

function pixelsOfRing(q: number): number {
  const full = Math.round(6000 * q)
  return q < edgeQ ? full : Math.max(2, Math.round(full * (1 - 0.9 * ((q - edgeQ) / (lastQ - edgeQ)))))
}

function beamStop(q: number): number {
  return 1 / (1 + (beamStopQ / q) ** 12)
}

function frameShadow(q: number): number {
  return 1 / (1 + Math.exp((q - 0.308) / 0.002))
}

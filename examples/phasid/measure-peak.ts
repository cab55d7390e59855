import type { Summit } from './prominence.ts'

export type Peak = {
  /** Centroid of the part above half prominence, 1/Angstrom. */
  q: number
  /** Height above the higher of its two feet, in the intensity units of the profile. */
  height: number
  /** Full width at half prominence, 1/Angstrom. */
  fwhm: number
  /** Height ÷ noise of one point. */
  snr: number
  /** Distance of the profile's points at the peak, 1/Angstrom: positions are no more certain than a fraction of it. */
  step: number
}

/** Position, height and width of one maximum of a background-free signal. `q` must ascend. */
export function measurePeak(
  q: readonly number[],
  signal: readonly number[],
  noise: readonly number[],
  { point, prominence }: Summit,
): Peak {
  const half = signal[point]! - prominence / 2
  const left = walkDown(signal, point, -1, half)
  const right = walkDown(signal, point, 1, half)
  let weight = 0
  let moment = 0
  for (let at = left + 1; at < right; at++) {
    weight += signal[at]! - half
    moment += (signal[at]! - half) * (q[at]! - q[point]!)
  }
  return {
    q: q[point]! + moment / weight,
    height: prominence,
    fwhm: crossing(q, signal, right - 1, right, half) - crossing(q, signal, left + 1, left, half),
    snr: prominence / noise[point]!,
    step: (q[point + 1]! - q[point - 1]!) / 2,
  }
}

/** The first point from the summit in one direction that lies at or below `level` (or the end of the profile). */
function walkDown(signal: readonly number[], from: number, direction: 1 | -1, level: number): number {
  let at = from
  while (at > 0 && at < signal.length - 1 && signal[at]! > level) at += direction
  return at
}

/** Where the line between an inner point above and an outer point below the level crosses it. */
function crossing(
  q: readonly number[],
  signal: readonly number[],
  inner: number,
  outer: number,
  level: number,
): number {
  const drop = signal[inner]! - signal[outer]!
  const share = drop > 0 ? Math.min(1, (signal[inner]! - level) / drop) : 1
  return q[inner]! + share * (q[outer]! - q[inner]!)
}

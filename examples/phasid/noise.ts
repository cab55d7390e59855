/**
 * How large the noise of a profile is at each point, in units of intensity.
 *
 * An error column tells well how the noise changes along the profile, but its level is often off by a constant factor
 * (rebinned, slit-smeared or merged data), so the column is scaled to the scatter that is really there.
 */
import { median } from './median.ts'

/** Points on each side that make "local": wide enough for a stable median, narrow beside the slope of a background. */
const halfWindowPoints = 25
/** MAD → standard deviation of normal noise. */
const madToSigma = 1.4826
/** Variance of I[i-1] − 2 I[i] + I[i+1] in units of the variance of one point. */
const secondDifferenceVariance = 6

/** A profile that was smoothed before export scatters less than it errs: never scale an error column down further. */
const leastScale = 0.5

/** One standard deviation per point, always positive. */
export function estimateNoise(intensity: readonly number[], sigma?: readonly number[]): number[] {
  const seen = noiseFromScatter(intensity)
  if (sigma === undefined) return seen
  const scale = Math.max(leastScale, median(seen.map((value, point) => value / sigma[point]!)))
  return runningMedian(sigma).map(value => value * scale)
}

/** Noise from the profile alone: the second difference removes the signal, the local median ignores the peaks. */
export function noiseFromScatter(intensity: readonly number[]): number[] {
  const curvature = intensity.map((value, point) =>
    Math.abs((intensity[point - 1] ?? value) - 2 * value + (intensity[point + 1] ?? value)),
  )
  const scale = madToSigma / Math.sqrt(secondDifferenceVariance)
  const largest = intensity.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const floor = Math.max(largest * 1e-9, Number.MIN_VALUE)
  return runningMedian(curvature).map(value => Math.max(value * scale, floor))
}

function runningMedian(values: readonly number[]): number[] {
  return values.map((_, point) =>
    median(values.slice(Math.max(0, point - halfWindowPoints), point + halfWindowPoints + 1)),
  )
}

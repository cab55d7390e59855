/** Half-width of the clipping window as a share of the profile: wider than any Bragg peak, narrower than a form factor. */
const defaultHalfWidthShare = 1 / 28
const minHalfWidthPoints = 4

/**
 * The smooth part of a profile, below its peaks: SNIP clipping (Ryan et al. 1988) of the intensity after the LLS transform
 * log(log(sqrt(I + 1) + 1) + 1), which brings the decades of a scattering curve close together.
 *
 * @param intensity one value per point, any scale, negative values allowed
 * @param unit the intensity that counts as one quantum (the noise level serves); sets where the transform starts to compress
 * @param halfWidthShare half-width of the features to keep above the background, as a share of the profile
 */
export function estimateBackground(
  intensity: readonly number[],
  unit: number,
  halfWidthShare: number = defaultHalfWidthShare,
): number[] {
  const lowest = intensity.reduce((least, value) => Math.min(least, value), Infinity)
  const halfWidth = Math.max(minHalfWidthPoints, Math.round(intensity.length * halfWidthShare))
  let level = intensity.map(value => compress((value - lowest) / unit))
  for (let distance = 1; distance <= halfWidth; distance++) {
    level = level.map((value, point) => {
      const before = level[point - distance]
      const after = level[point + distance]
      return before === undefined || after === undefined ? value : Math.min(value, (before + after) / 2)
    })
  }
  return level.map(value => expand(value) * unit + lowest)
}

function compress(counts: number): number {
  return Math.log(Math.log(Math.sqrt(counts + 1) + 1) + 1)
}

function expand(level: number): number {
  return (Math.exp(Math.exp(level) - 1) - 1) ** 2 - 1
}

/** Weights of the 5-point quadratic Savitzky-Golay filter: smooths noise, keeps position and area of a peak. */
const weights = [-3 / 35, 12 / 35, 17 / 35, 12 / 35, -3 / 35] as const

/** Smooths a list of values; the two points at each end are left as they are. */
export function smooth(values: readonly number[]): number[] {
  return values.map((value, point) => {
    if (point < 2 || point >= values.length - 2) return value
    return weights.reduce((sum, weight, at) => sum + weight * values[point + at - 2]!, 0)
  })
}

/** Means of `points` neighbours each; an incomplete bin at the end is left out. */
export function rebin(values: readonly number[], points: number): number[] {
  return Array.from({ length: Math.floor(values.length / points) }, (_, bin) => {
    const inside = values.slice(bin * points, (bin + 1) * points)
    return inside.reduce((sum, value) => sum + value, 0) / points
  })
}

/** What several measurements of the same amount to. Pure. */

/** Of an even number of them what lies between the two in the middle; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other)
  const [lower, upper] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  return lower === undefined || upper === undefined ? undefined : (lower + upper) / 2
}

/** `median (smallest to largest)`, or `-` of nothing; one alone has no spread. */
export function spread(values: readonly number[], digits = 0): string {
  const middle = median(values)
  if (middle === undefined) return '-'
  if (values.length === 1) return middle.toFixed(digits)
  return `${middle.toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`
}

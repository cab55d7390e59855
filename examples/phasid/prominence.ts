/** A local maximum and how far it stands above the higher of its two valleys, in units of the values. */
export type Summit = { point: number; prominence: number }

/**
 * All local maxima of a list with their prominence: the height above the higher of the lowest values
 * between the maximum and the next higher value (or the end) on either side. Linear in the length.
 */
export function findSummits(values: readonly number[]): Summit[] {
  const before = valleysBefore(values)
  const after = valleysBefore(values.toReversed()).toReversed()
  return values.flatMap((value, point) => {
    const isSummit = point > 0 && point < values.length - 1 && value > values[point - 1]! && value >= values[point + 1]!
    return isSummit ? [{ point, prominence: value - Math.max(before[point]!, after[point]!) }] : []
  })
}

/** For each value the lowest one since the last higher value (or since the start). */
function valleysBefore(values: readonly number[]): number[] {
  const higher: { value: number; valley: number }[] = []
  return values.map(value => {
    let valley = value
    while (higher.length > 0 && higher.at(-1)!.value <= value) valley = Math.min(valley, higher.pop()!.valley)
    higher.push({ value, valley })
    return valley
  })
}

/** A linear axis: where a value stands, and which values get a tick. */
export type Axis = {
  label: string
  ticks: { value: number; label: string }[]
  /** Pixel position of a value. */
  place(value: number): number
}

const steps = [1, 2, 2.5, 5, 10]

/**
 * An axis over some values with a margin, from pixel `from` to pixel `to`.
 * Ticks stand at round numbers, at least `minTickPixels` apart.
 */
export function createAxis(
  label: string,
  values: readonly number[],
  from: number,
  to: number,
  minTickPixels = 70,
): Axis {
  const [low, high] = paddedRange(values)
  const place = (value: number) => from + ((value - low) / (high - low)) * (to - from)
  const step = niceStep(((high - low) * minTickPixels) / Math.abs(to - from))
  const digits = Math.max(0, digitsOf(step))
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => {
    const value = (first + index) * step
    return { value, label: (Math.abs(value) < step * 1e-6 ? 0 : value).toFixed(digits).replace('-', '−') }
  })
  return { label, ticks, place }
}

/** The range of the values, 5 % wider at each end; values that are all the same get room around them. */
function paddedRange(values: readonly number[]): [number, number] {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity)
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity)
  if (!Number.isFinite(low)) return [0, 1]
  const isSpread = high - low > 1e-6 * Math.max(Math.abs(low), Math.abs(high), 1)
  const margin = isSpread ? (high - low) * 0.05 : Math.max(Math.abs(low) * 0.1, 0.1)
  return [low - margin, high + margin]
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return power * (steps.find(step => step * power >= least * (1 - 1e-9)) ?? 10)
}

/** Decimals that tell multiples of a step apart: one for 0.1, two for 0.25. */
function digitsOf(step: number): number {
  const power = Math.floor(Math.log10(step) + 1e-9)
  const isHalf = Math.abs(step / 10 ** power - 2.5) < 1e-6
  return isHalf ? 1 - power : -power
}

/** A seeded source of random numbers: the same seed gives the same series on every machine. */
export type Random = {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number
  /** Counts of a Poisson process with this mean. */
  poisson(mean: number): number
}

/** Above this mean the normal approximation is off by less than the noise itself; below, counts are drawn exactly. */
const normalFromMean = 60

/** Starts a sequence (mulberry32). `seed` is any integer. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal, poisson: mean => drawPoisson(mean, uniform, normal) }
}

function drawPoisson(mean: number, uniform: () => number, normal: () => number): number {
  if (mean > normalFromMean) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()))
  const limit = Math.exp(-mean)
  let product = uniform()
  let count = 0
  while (product > limit) {
    product *= uniform()
    count++
  }
  return count
}

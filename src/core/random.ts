/** Randomness as a collaborator, so that a simulation can replay a run from its seed. */
import { randomFillSync } from 'node:crypto'

export interface Random {
  /** A number in [0, 1). */
  float(): number
  /** `count` random bytes as lower-case hexadecimal text. */
  hex(count: number): string
}

export const systemRandom: Random = {
  float: () => take(6).readUIntBE(0, 6) / 2 ** 48,
  hex: count => take(count).toString('hex'),
}

/** Asking the system costs as much for a few bytes as for thousands, and a peer draws dozens of ids for each task. */
const POOL_BYTES = 8192

let pool = Buffer.alloc(0)
let at = 0

/** None is given out twice. */
function take(count: number): Buffer {
  if (at + count > pool.length) {
    pool = randomFillSync(Buffer.alloc(Math.max(POOL_BYTES, count)))
    at = 0
  }
  at += count
  return pool.subarray(at - count, at)
}

/** A repeatable source (mulberry32): good enough for simulations and jitter, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    float: next,
    hex: count =>
      Array.from({ length: count }, () =>
        Math.floor(next() * 256)
          .toString(16)
          .padStart(2, '0'),
      ).join(''),
  }
}

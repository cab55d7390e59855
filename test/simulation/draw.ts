import { seededRandom, type Random } from '../../src/core/random.ts'

/** What a simulation draws from its seed. The same seed and the same order of questions give the same answers. */
export class Draw {
  readonly random: Random

  constructor(seed: number) {
    this.random = seededRandom(seed)
    // Neighbouring seeds begin with similar numbers.
    for (let i = 0; i < 8; i++) this.random.float()
  }

  /** A source of its own, so that its questions do not shift the answers of this one. */
  fork(): Draw {
    return new Draw(Math.floor(this.random.float() * 2 ** 32))
  }

  chance(probability: number): boolean {
    return this.random.float() < probability
  }

  between(least: number, most: number): number {
    return least + this.random.float() * (most - least)
  }

  /** Both ends included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.random.float() * (most - least + 1))
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.int(0, values.length - 1)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }

  pickOrNone<T>(values: readonly T[]): T | undefined {
    return values.length === 0 ? undefined : this.pick(values)
  }

  shuffle<T>(values: readonly T[]): T[] {
    return values
      .map(value => ({ value, key: this.random.float() }))
      .sort((a, b) => a.key - b.key)
      .map(({ value }) => value)
  }
}

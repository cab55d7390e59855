import assert from 'node:assert/strict'
import { seededRandom, systemRandom } from '../../src/core/random.ts'

describe('randomness', () => {
  for (const [name, random] of Object.entries({ 'of the system': systemRandom, 'from a seed': seededRandom(7) })) {
    it(`${name} gives numbers in [0, 1) all over the range`, () => {
      const buckets = new Set<number>()
      for (let draw = 0; draw < 1000; draw++) {
        const value = random.float()
        assert.ok(value >= 0 && value < 1)
        buckets.add(Math.floor(value * 10))
      }
      assert.equal(buckets.size, 10)
    })

    it(`${name} gives as many hexadecimal bytes as asked for`, () => {
      assert.match(random.hex(16), /^[0-9a-f]{32}$/)
      assert.equal(random.hex(0), '')
      assert.notEqual(random.hex(16), random.hex(16))
    })
  }

  it('from a seed repeats itself, and differs from another seed', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed)
      return Array.from({ length: 20 }, () => random.float())
    }
    assert.deepEqual(draw(1), draw(1))
    assert.notDeepEqual(draw(1), draw(2))
  })
})

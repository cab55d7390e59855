import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { createRandom } from '../../../examples/phasid/generator/random.ts'
import { estimateNoise } from '../../../examples/phasid/noise.ts'
import { findPeaks } from '../../../examples/phasid/peaks.ts'
import type { Profile } from '../../../examples/phasid/profile.ts'
import { findSummits } from '../../../examples/phasid/prominence.ts'

const window = { qMin: 0.03, qMax: 0.21, broad: 0.078 }
const spacing = 0.0005

/** A falling background with some peaks (q, height, FWHM) and normal noise. */
function makeProfile(peaks: readonly [number, number, number][], noise = 1, withSigma = true): Profile {
  const random = createRandom(3)
  const q = Array.from({ length: 500 }, (_, point) => 0.01 + point * spacing)
  const clean = q.map(value =>
    peaks.reduce(
      (sum, [center, height, fwhm]) => sum + height * Math.exp(-4 * Math.LN2 * ((value - center) / fwhm) ** 2),
      2e-3 * value ** -3 + 20,
    ),
  )
  const intensity = clean.map(value => value + noise * random.normal())
  return { q, intensity, sigma: withSigma ? q.map(() => noise) : undefined, unitSource: 'file', warnings: [] }
}

describe('finding peaks', () => {
  for (const withSigma of [true, false]) {
    it(`finds positions, heights and widths ${withSigma ? 'with' : 'without'} an error column`, () => {
      const { sharp, humps } = findPeaks(
        makeProfile(
          [
            [0.08, 300, 0.003],
            [0.1386, 40, 0.003],
          ],
          1,
          withSigma,
        ),
        window,
      )
      assert.deepEqual(humps, [])
      assert.equal(sharp.length, 2)
      for (const [at, [q, height]] of (
        [
          [0.08, 300],
          [0.1386, 40],
        ] as const
      ).entries()) {
        assert.ok(Math.abs(sharp[at]!.q / q - 1) < 0.002, `q ${sharp[at]!.q}`)
        assert.ok(Math.abs(sharp[at]!.height / height - 1) < 0.15, `height ${sharp[at]!.height}`)
        assert.ok(Math.abs(sharp[at]!.fwhm / 0.003 - 1) < 0.25, `FWHM ${sharp[at]!.fwhm}`)
      }
    })
  }

  it('sees no peak in a smooth curve with noise', () => {
    assert.deepEqual(findPeaks(makeProfile([]), window), { sharp: [], humps: [] })
  })

  it('calls a wide maximum a hump, and `broad` draws the line', () => {
    const profile = makeProfile([[0.1, 100, 0.02]])
    const found = findPeaks(profile, window)
    assert.deepEqual(found.sharp, [])
    assert.equal(found.humps.length, 1)
    assert.ok(Math.abs(found.humps[0]!.q - 0.1) < 0.004)
    const moderate = makeProfile([[0.1, 100, 0.006]])
    assert.equal(findPeaks(moderate, window).sharp.length, 1)
    assert.equal(findPeaks(moderate, { ...window, broad: 0.04 }).sharp.length, 0)
  })

  it('drops a satellite on the foot of a strong peak, but keeps a small peak far from it', () => {
    const { sharp } = findPeaks(
      makeProfile([
        [0.1, 4000, 0.002],
        [0.106, 60, 0.002],
        [0.17, 60, 0.002],
      ]),
      window,
    )
    assert.deepEqual(
      sharp.map(({ q }) => q.toFixed(2)),
      ['0.10', '0.17'],
    )
  })

  it('reports nothing outside the window, and a peak right at its end with its true position', () => {
    const { sharp } = findPeaks(
      makeProfile([
        [0.02, 5000, 0.002],
        [0.2095, 100, 0.003],
        [0.23, 5000, 0.003],
      ]),
      window,
    )
    assert.equal(sharp.length, 1)
    assert.ok(Math.abs(sharp[0]!.q - 0.2095) < 0.0003)
  })

  it('refuses a window with too few points', () => {
    assert.throws(() => findPeaks(makeProfile([]), { ...window, qMin: 0.2099 }), { code: 'PHASID_NOT_A_PROFILE' })
  })

  it('gives finite numbers for any intensities', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 30, maxLength: 80 })
    fc.assert(
      fc.property(values, intensity => {
        const q = intensity.map((_, point) => 0.04 + 0.002 * point)
        const profile: Profile = { q, intensity, sigma: undefined, unitSource: 'file', warnings: [] }
        const { sharp, humps } = findPeaks(profile, { ...window, qMax: 0.3 })
        for (const peak of [...sharp, ...humps]) {
          assert.ok([peak.q, peak.height, peak.fwhm, peak.snr].every(value => Number.isFinite(value) && value > 0))
        }
      }),
    )
  })
})

describe('estimating noise', () => {
  it('scales an error column to the scatter that is really there', () => {
    const profile = makeProfile([], 2)
    const tooSmall = profile.q.map(() => 0.2)
    const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
    assert.ok(Math.abs(middle(estimateNoise(profile.intensity, tooSmall)) / 2 - 1) < 0.3)
    assert.ok(Math.abs(middle(estimateNoise(profile.intensity)) / 2 - 1) < 0.3)
  })
})

describe('prominence', () => {
  it('is the height above the higher of the two valleys', () => {
    assert.deepEqual(findSummits([0, 5, 2, 9, 1, 4, 3]), [
      { point: 1, prominence: 3 },
      { point: 3, prominence: 8 },
      { point: 5, prominence: 1 },
    ])
  })

  it('agrees with walking down from each summit', () => {
    const walk = (values: number[], from: number, step: 1 | -1) => {
      let valley = values[from]!
      for (let at = from + step; at >= 0 && at < values.length && values[at]! <= values[from]!; at += step) {
        valley = Math.min(valley, values[at]!)
      }
      return valley
    }
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 3, maxLength: 60 }), values => {
        for (const { point, prominence } of findSummits(values)) {
          assert.equal(prominence, values[point]! - Math.max(walk(values, point, -1), walk(values, point, 1)))
        }
      }),
    )
  })
})

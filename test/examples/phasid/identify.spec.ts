import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { identify, identifyPositions, type Identification } from '../../../examples/phasid/identify.ts'
import { reflectionQ } from '../../../examples/phasid/lattice.ts'
import { phaseNames } from '../../../examples/phasid/reflections.ts'

/** `Im3m 2,4,6 + Pn3m 2,3`: the answer in one line. */
function summary({ phases }: Identification): string {
  return phases
    .map(({ phase, peaks }) => `${phase} ${peaks.map(peak => peak.n).join(',')}`)
    .sort()
    .join(' + ')
}

function assertNear(actual: number | undefined, expected: number, tolerance: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `expected ${expected}, got ${actual}`)
}

/** Published positions of the SAXSess series are in 1/nm and not calibrated. */
function fromNm(...q: number[]): number[] {
  return q.map(value => value / 10)
}

function calibrated(q: readonly number[]): number[] {
  return q.map(value => 1.0179869 * value + 0.00086228)
}

describe('identifying published peak positions', () => {
  it('finds the Pn3m of the lipidsaxs guide (Brasnett and Seddon 2019)', () => {
    const found = identifyPositions([0.094527, 0.11605, 0.134, 0.16345, 0.18819, 0.2])
    assert.equal(summary(found), 'Pn3m 2,3,4,6,8,9')
    const [phase] = found.phases
    assertNear(phase?.lattice, 94.16, 0.01)
    assertNear(phase?.rms, 0.0028, 0.0001)
    const perPeak = phase?.peaks.map(peak => peak.lattice.toFixed(2))
    assert.deepEqual(perPeak, ['94.00', '93.78', '93.78', '94.16', '94.43', '94.25'])
  })

  it('finds the Pn3m of the Himalaya README and ranks its Im3m alias lower', () => {
    const positions = [0.05344, 0.06556, 0.07508, 0.09239, 0.10668, 0.11317, 0.12486]
    const found = identifyPositions(positions)
    assert.equal(summary(found), 'Pn3m 2,3,4,6,8,9,11')
    assertNear(found.phases[0]?.lattice, 166.68, 0.02)
    assertNear(found.phases[0]?.rms, 0.0025, 0.0001)
    const alias = identifyPositions(positions, { phases: ['Im3m'] })
    assert.ok(alias.score < 0.8 * found.score, `the alias scores ${alias.score}, Pn3m ${found.score}`)
  })

  it('separates coexisting Im3m and Pn3m in the 23 hand labels of a Himalaya trace', () => {
    const found = identifyPositions([
      0.046115, 0.058678, 0.065177, 0.071675, 0.079906, 0.082939, 0.092037, 0.101568, 0.112832, 0.117164, 0.121496,
      0.124529, 0.130594, 0.137959, 0.143591, 0.145324, 0.152689, 0.15962, 0.171318, 0.177816, 0.189513, 0.194712,
      0.200777,
    ])
    assert.deepEqual(found.phases.map(({ phase }) => phase).sort(), ['Im3m', 'Pn3m'])
    const lattice = (name: string) => found.phases.find(({ phase }) => phase === name)?.lattice ?? Number.NaN
    assertNear(lattice('Im3m'), 193.1, 0.5)
    assertNear(lattice('Pn3m'), 151.6, 0.5)
    assertNear(lattice('Im3m') / lattice('Pn3m'), 1.274, 0.005)
  })

  it('finds the hexagonal phase of OTAC 90 wt% at 10 C, raw and calibrated', () => {
    const raw = fromNm(2.51072, 4.3502)
    assert.equal(summary(identifyPositions(raw)), 'H 1,3')
    assertNear(identifyPositions(raw).phases[0]?.lattice, 28.89, 0.01)
    assertNear(identifyPositions(calibrated(raw)).phases[0]?.lattice, 28.314, 0.01)
  })

  it('finds the hexagonal phase of OTAB 93 wt% at 25 C, raw and calibrated', () => {
    const raw = fromNm(2.55667, 4.42695)
    assert.equal(summary(identifyPositions(raw)), 'H 1,3')
    assertNear(identifyPositions(raw).phases[0]?.lattice, 28.384, 0.01)
    assertNear(identifyPositions(calibrated(raw)).phases[0]?.lattice, 27.819, 0.01)
  })

  it('finds the lamellar phase of OTAC 94 wt% at 68 C although its ratio is 2.0077', () => {
    const raw = fromNm(2.68658, 5.39375)
    assert.equal(summary(identifyPositions(raw)), 'La 1,4')
    assertNear(identifyPositions(raw).phases[0]?.lattice, 23.34, 0.05)
    assertNear(identifyPositions(calibrated(raw)).phases[0]?.lattice, 22.88, 0.05)
  })

  it('finds the Ia3d of OTAC 92 wt% at 25 C from three of its reflections', () => {
    const raw = fromNm(2.575, 2.9725, 4.9389)
    const found = identifyPositions(raw)
    assert.equal(summary(found), 'Ia3d 6,8,22')
    assertNear(found.phases[0]?.lattice, 59.71, 0.02)
    assertNear(found.phases[0]?.rms, 0.0009, 0.0001)
    assertNear(identifyPositions(calibrated(raw)).phases[0]?.lattice, 58.53, 0.04)
  })

  it('finds the 58.38 Angstrom of silver behenate', () => {
    const found = identifyPositions(Array.from({ length: 11 }, (_, order) => 0.107625 * (order + 1)))
    assert.equal(found.phases[0]?.phase, 'La')
    assert.equal(found.phases[0]?.peaks.length, 11)
    assertNear(found.phases[0]?.lattice, 58.38, 0.001)
  })

  it('finds cholesteryl palmitate within 1 % of the literature once q is calibrated', () => {
    const raw = fromNm(1.16692, 2.34351, 3.5183)
    assertNear(identifyPositions(calibrated(raw)).phases[0]?.lattice, 52.498, 0.05)
    assert.ok((identifyPositions(raw).phases[0]?.lattice ?? 0) > 1.01 * 52.498, 'the raw q is 2 % off')
  })

  it('finds the hexagonal MCM-41 although its printed d (39.8, 22.9, 19.8, 14.9 Angstrom) differ by 1 %', () => {
    const found = identifyPositions([39.8, 22.9, 19.8, 14.9].map(d => (2 * Math.PI) / d))
    assert.equal(found.phases[0]?.phase, 'H')
    assertNear(found.phases[0]?.lattice, 45.8, 0.3)
  })

  it('finds both cubic phases of the lipidsaxs synthetic mix and leaves the lamellar rest unexplained', () => {
    const im3m = [2, 4, 6, 8, 10, 12, 14].map(n => Math.sqrt(n) * 0.06)
    const pn3m = [2, 3, 4, 6, 8, 9, 10].map(n => Math.sqrt(n) * 0.06 * 1.28)
    const found = identifyPositions([...im3m, ...pn3m, 0.09, 0.27])
    assert.deepEqual(found.phases.map(({ phase }) => phase).sort(), ['Im3m', 'Pn3m'])
    assert.deepEqual(found.unexplained, [0.09, 0.27])
  })
})

describe('identifying peaks', () => {
  it('is exact for ideal peaks of every phase', () => {
    const seen = { La: 4, H: 4, Pn3m: 6, Im3m: 6, Ia3d: 6, Fd3m: 7, Pm3n: 8, Fm3m: 7 }
    fc.assert(
      fc.property(fc.constantFrom(...phaseNames), fc.double({ min: 40, max: 250, noNaN: true }), (phase, lattice) => {
        const numbers = idealReflections[phase].slice(0, seen[phase])
        const found = identifyPositions(numbers.map(n => reflectionQ(phase, lattice, n)))
        assert.deepEqual(
          found.phases.map(one => one.phase),
          [phase],
        )
        assertNear(found.phases[0]?.lattice, lattice, lattice * 1e-9)
      }),
    )
  })

  it('does not take the 1 : √3 of a hexagonal phase and a satellite for Ia3d', () => {
    const peak = (q: number, height: number) => ({ q, height, fwhm: 0.002, snr: height, step: 0.0006 })
    const sharp = [peak(0.2204, 20), peak(0.2545, 1500), peak(0.4409, 30)]
    const found = identify({ sharp, humps: [] }, { qMin: 0.08, qMax: 0.72 })
    assert.ok(!found.phases.some(({ phase }) => phase === 'Ia3d'))
  })

  it('keeps to the phases the user allows', () => {
    const found = identifyPositions([0.094527, 0.11605, 0.134, 0.16345, 0.18819, 0.2], { phases: ['La', 'H'] })
    assert.notEqual(found.phases[0]?.phase, 'Pn3m')
  })

  it('calls one sharp peak a single peak and no phase', () => {
    const found = identifyPositions([0.25])
    assert.equal(found.state, 'single-peak')
    assert.deepEqual(found.phases, [])
    assert.deepEqual(found.unexplained, [0.25])
  })

  it('calls a hump without sharp peaks disordered, and nothing none', () => {
    const hump = { q: 0.25, height: 1, fwhm: 0.05, snr: 30, step: 0.001 }
    assert.equal(identify({ sharp: [], humps: [hump] }, { qMin: 0.08, qMax: 0.7 }).state, 'disordered')
    assert.equal(identify({ sharp: [], humps: [] }, { qMin: 0.08, qMax: 0.7 }).state, 'none')
  })

  it('leaves peaks of no lattice unassigned', () => {
    const solid = [0.2566, 0.2961, 0.3504, 0.3544, 0.7087]
    const found = identifyPositions(solid, { qMin: 0.08, qMax: 0.72 })
    assert.equal(found.state, 'unassigned')
    assert.deepEqual(found.phases, [])
    assert.deepEqual(found.unexplained, solid)
  })

  it('never throws and keeps its promises whatever the positions are', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 0.7, noNaN: true }), { maxLength: 12 }), positions => {
        const found = identifyPositions(positions)
        assert.equal(found.phases.length > 0, found.state === 'phase')
        assert.ok(found.confidence >= 0 && found.confidence <= 1)
        assert.ok(found.phases.length <= 2)
      }),
      { numRuns: 200 },
    )
  })
})

const idealReflections = {
  La: [1, 4, 9, 16],
  H: [1, 3, 4, 7],
  Pn3m: [2, 3, 4, 6, 8, 9],
  Im3m: [2, 4, 6, 8, 10, 12],
  Ia3d: [6, 8, 14, 16, 20, 22],
  Fd3m: [3, 8, 11, 12, 16, 19, 24],
  Pm3n: [2, 4, 5, 6, 8, 10, 12, 13],
  Fm3m: [3, 4, 8, 11, 12, 16, 19],
}

import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { ResultRow } from '../../../examples/phasid/analyse-profile.ts'
import { createAxis } from '../../../examples/phasid/diagram/axis.ts'
import { markers } from '../../../examples/phasid/diagram/markers.ts'
import { drawPhaseDiagram } from '../../../examples/phasid/phase-diagram.ts'
import type { PhaseName } from '../../../examples/phasid/reflections.ts'
import { toCsv } from '../../../examples/phasid/results.ts'

function makeRow(about: Partial<ResultRow>, ...phases: PhaseName[]): ResultRow {
  return {
    file: 'a.dat',
    composition: null,
    temperature: null,
    state: phases.length > 0 ? 'phase' : 'unassigned',
    phases: phases.map(phase => ({
      phase,
      lattice: 100,
      latticeError: 0.1,
      rms: 0.001,
      gaussianCurvature: null,
      peaks: [{ n: 2, q: 0.09, lattice: 100 }],
    })),
    confidence: 0.8,
    runnerUp: null,
    peaks: [{ q: 0.09, height: 1, fwhm: 0.002, snr: 30 }],
    humps: [],
    unexplained: [],
    unitSource: 'file',
    warnings: [],
    reason: null,
    ...about,
  }
}

const states = ['phase', 'single-peak', 'disordered', 'none', 'unassigned', 'error'] as const

describe('the phase diagram', () => {
  it('is well-formed XML whatever the files are called and whatever was found', () => {
    const row = fc.record({
      file: fc.string({ unit: 'binary', maxLength: 12 }),
      composition: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      temperature: fc.option(fc.double({ min: -50, max: 300, noNaN: true })),
      state: fc.constantFrom(...states),
      reason: fc.option(fc.string({ unit: 'binary' })),
    })
    const phases = fc.subarray<PhaseName>(['La', 'H', 'Im3m'], { maxLength: 2 })
    const rows = fc.array(
      fc.tuple(row, phases).map(([about, found]) => makeRow(about, ...found)),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(rows, fc.string({ unit: 'binary' }), (drawn, title) => {
        const svg = drawPhaseDiagram(drawn, title)
        assertWellFormed(svg)
        assert.doesNotMatch(svg, /NaN|Infinity|undefined/)
      }),
    )
  })

  it('shows composition against temperature when the samples say both', () => {
    const svg = drawPhaseDiagram(
      [makeRow({ composition: 0.5, temperature: 20 }, 'H'), makeRow({ composition: 0.7, temperature: 60 }, 'La')],
      'series',
    )
    for (const label of ['composition (weight fraction)', 'temperature (°C)', '>series<', 'hexagonal H', 'lamellar']) {
      assert.ok(svg.includes(label), label)
    }
  })

  it('shows the peaks of each profile when they do not', () => {
    const svg = drawPhaseDiagram([makeRow({}, 'H'), makeRow({})], 'series')
    assert.ok(svg.includes('q (1/Å)') && svg.includes('profile (in the order of the file names)'))
    assert.ok(svg.includes('peak of no phase'))
  })

  it('draws coexisting phases in both their colours and says so in the legend', () => {
    const svg = drawPhaseDiagram([makeRow({ composition: 0.5, temperature: 20 }, 'Im3m', 'Pn3m')], 'series')
    const point = svg.slice(svg.indexOf('a.dat: Im3m'))
    assert.ok(point.includes(markers.Im3m.fill) && point.includes(markers.Pn3m.fill))
    assert.ok(svg.includes('both coexist: 1'))
  })

  it('gives every phase its own colour and its own shape, and draws the undecided hollow', () => {
    const solid = Object.values(markers).filter(({ fill }) => fill !== 'white' && fill !== 'none')
    assert.equal(new Set(solid.map(({ fill }) => fill)).size, solid.length)
    assert.equal(new Set(solid.map(({ path }) => path)).size, solid.length)
    for (const state of ['single-peak', 'unassigned', 'none'] as const) assert.equal(markers[state].fill, 'white')
  })
})

describe('an axis', () => {
  it('has two or more round ticks inside its range, far enough apart', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -500, max: 500, noNaN: true }),
        fc.double({ min: 0.01, max: 800, noNaN: true }),
        (low, span) => {
          const axis = createAxis('x', [low, low + span], 100, 700)
          assert.ok(axis.ticks.length >= 2)
          const places = axis.ticks.map(tick => axis.place(tick.value))
          assert.ok(places.every(place => place >= 99 && place <= 701))
          assert.ok(places.every((place, at) => at === 0 || place - places[at - 1]! > 69))
          for (const { label, value } of axis.ticks) {
            assert.ok(Math.abs(Number(label.replace('−', '-')) - value) <= 1e-9 * span + 1e-12, `${label} for ${value}`)
          }
        },
      ),
    )
  })
})

describe('the results table', () => {
  it('has one line per profile, with commas, quotes and line breaks quoted', () => {
    const bad = makeRow({ file: 'a,"b".dat', state: 'error', reason: 'PHASID_NOT_A_PROFILE: no\nrows' })
    const csv = toCsv([makeRow({ composition: 0.78, temperature: 50 }, 'Im3m', 'Pn3m'), bad])
    const [heading = '', first = '', ...rest] = csv.split('\r\n')
    assert.equal(heading.split(',')[0], 'file')
    assert.match(first, /^a\.dat,0\.78,50,phase,Im3m\+Pn3m,100\.00 100\.00,/)
    assert.deepEqual(rest.length, 2)
    assert.match(rest[0]!, /^"a,""b""\.dat",,,error,.*"PHASID_NOT_A_PROFILE: no\nrows"$/s)
  })
})

/** Tags nest, attributes are quoted, no character that XML forbids. */
function assertWellFormed(xml: string): void {
  assert.doesNotMatch(xml, /[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/u)
  const open: string[] = []
  const tags = /<(\/?)([a-zA-Z]+)((?:\s[\w:-]+="[^"<]*")*)\s?(\/?)>/g
  const rest = xml.replaceAll(tags, (_, end: string, name: string, _attributes: string, empty: string) => {
    if (end === '/') assert.equal(open.pop(), name)
    else if (empty === '') open.push(name)
    return ''
  })
  assert.deepEqual(open, [])
  assert.doesNotMatch(rest, /[<>]|&(?!(?:amp|lt|gt|quot);)/)
}

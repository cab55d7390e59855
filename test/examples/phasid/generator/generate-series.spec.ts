import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { analyseProfile, type ResultRow } from '../../../../examples/phasid/analyse-profile.ts'
import { compareWithTruth } from '../../../../examples/phasid/generator/compare-with-truth.ts'
import { generateSeries, type Truth } from '../../../../examples/phasid/generator/generate-series.ts'
import { createSubstance, phasesAt } from '../../../../examples/phasid/generator/phase-model.ts'
import { createRandom } from '../../../../examples/phasid/generator/random.ts'
import { parseSampleName } from '../../../../examples/phasid/sample-name.ts'
import { toSettings } from '../../../../examples/phasid/settings.ts'

describe('the generated series', () => {
  let root: string
  beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'phasid-gen-'))))
  afterEach(() => rm(root, { recursive: true, force: true }))

  async function identifyAll(folder: string, truth: readonly Truth[]): Promise<ResultRow[]> {
    const settings = toSettings({ unit: '1/A' })
    return Promise.all(truth.map(({ file }) => analyseProfile(join(folder, file), parseSampleName(file), settings)))
  }

  async function contents(folder: string): Promise<string[]> {
    const names = (await readdir(folder)).sort()
    return Promise.all(names.map(async name => `${name} ${await readFile(join(folder, name), 'utf8')}`))
  }

  it('is the same for the same seed, byte for byte, and another for another', async () => {
    for (const [name, seed] of [
      ['a', 4],
      ['b', 4],
      ['c', 5],
    ] as const) {
      await generateSeries({ folder: join(root, name, 'data'), count: 9, seed, badFiles: 2 })
    }
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(name => contents(join(root, name, 'data'))))
    assert.deepEqual(a, b)
    assert.notDeepEqual(a, c)
  })

  it('mixes all formats, names composition and temperature, and keeps the truth outside the data', async () => {
    const folder = join(root, 'data')
    const truth = await generateSeries({ folder, count: 64, seed: 1 })
    assert.equal(new Set(truth.map(({ file }) => file)).size, 64)
    assert.deepEqual([...new Set(truth.map(({ format }) => format))].sort(), ['csv', 'dat', 'pdh', 'xml'])
    for (const { file, composition, temperature } of truth) {
      assert.deepEqual(parseSampleName(file), { composition, temperature })
    }
    assert.deepEqual((await readdir(folder)).sort(), truth.map(({ file }) => file).sort())
    assert.deepEqual(JSON.parse(await readFile(join(root, 'truth.json'), 'utf8')), truth)
  })

  it('is identified without one definite error, nearly all of its pure phases rightly', async () => {
    const folder = join(root, 'data')
    const truth = await generateSeries({ folder, count: 36, seed: 9, badFiles: 5 })
    const { table, misses } = compareWithTruth(await identifyAll(folder, truth), truth)
    assert.deepEqual(
      misses.filter(({ verdict }) => verdict === 'wrong'),
      [],
    )
    const pure = table.filter(line => !line.truth.includes('+'))
    const right = pure.reduce((sum, line) => sum + line.right, 0)
    const all = pure.reduce((sum, line) => sum + line.right + line.undecided, 0)
    assert.ok(right >= 0.9 * all, `${right} of ${all} right`)
  }).timeout(30_000)

  it('counts a false phase, a false lattice and a lost profile as wrong', async () => {
    const folder = join(root, 'data')
    const truth = await generateSeries({ folder, count: 9, seed: 9 })
    const rows = await identifyAll(folder, truth)
    const index = rows.findIndex(row => row.phases.length === 1)
    const [row, phase] = [rows[index]!, rows[index]!.phases[0]!]
    const wrongWith = (changed: ResultRow[]) =>
      compareWithTruth(changed, truth).misses.filter(({ verdict }) => verdict === 'wrong').length
    assert.equal(wrongWith(rows), 0)
    assert.equal(wrongWith(rows.with(index, { ...row, phases: [{ ...phase, phase: 'Fd3m' }] })), 1)
    assert.equal(wrongWith(rows.with(index, { ...row, phases: [{ ...phase, lattice: phase.lattice * 1.02 }] })), 1)
    assert.equal(wrongWith(rows.toSpliced(index, 1)), 1)
  })
})

describe('the model of the phase diagram', () => {
  it('has one phase, or two neighbours whose shares add up to one, everywhere', () => {
    const substance = createSubstance(createRandom(1))
    for (let composition = 0.5; composition <= 0.95; composition += 0.005) {
      for (let temperature = 20; temperature <= 80; temperature += 5) {
        const phases = phasesAt(composition, temperature, substance)
        assert.ok(phases.length === 1 || phases.length === 2)
        const total = phases.reduce((sum, { share }) => sum + share, 0)
        assert.ok(Math.abs(total - 1) < 1e-9 && phases.every(({ share, lattice }) => share >= 0 && lattice > 30))
      }
    }
  })
})

describe('the random numbers of the generator', () => {
  it('have the mean and the spread they claim', () => {
    const random = createRandom(11)
    for (const mean of [0.5, 20, 500]) {
      const draws = Array.from({ length: 4000 }, () => random.poisson(mean))
      const average = draws.reduce((sum, value) => sum + value, 0) / draws.length
      const variance = draws.reduce((sum, value) => sum + (value - average) ** 2, 0) / draws.length
      assert.ok(Math.abs(average / mean - 1) < 0.1, `mean ${average} of ${mean}`)
      assert.ok(Math.abs(variance / mean - 1) < 0.15, `variance ${variance} of ${mean}`)
      assert.ok(draws.every(value => Number.isInteger(value) && value >= 0))
    }
  })
})

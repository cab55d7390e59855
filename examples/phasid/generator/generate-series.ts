/**
 * Writes a series of synthetic profiles over composition and temperature, and beside their folder a `truth.json` that says
 * what each of them is. The same seed gives the same bytes. As a program:
 * `node examples/phasid/generator/generate-series.ts FOLDER [COUNT] [SEED]`.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { PhaseName } from '../reflections.ts'
import { badFile } from './bad-files.ts'
import { measure } from './measure.ts'
import { createSubstance, modelRange, phasesAt, type Substance } from './phase-model.ts'
import { createRandom, type Random } from './random.ts'
import { createScattering } from './scattering.ts'
import { formatProfile, profileFormats, type ProfileFormat } from './write-formats.ts'

/** What a generated file really is. */
export type Truth = {
  file: string
  format: ProfileFormat
  composition: number | null
  temperature: number | null
  /** `error` for files made to be unreadable, `disordered` when there is no crystal phase. */
  state: 'phase' | 'disordered' | 'error'
  /** Crystal phases, larger share first; Angstrom. */
  phases: { phase: PhaseName; share: number; lattice: number }[]
}

export type SeriesOptions = {
  /** Created if missing; existing files of the same names are replaced. */
  folder: string
  /** Number of good profiles; 64 gives a grid of 8 compositions and 8 temperatures. */
  count?: number
  seed?: number
  /** Additional files that no reader can use. */
  badFiles?: number
}

const defaultCount = 64
/** More than this is no example; the names have room for so many grid points. */
const maxCount = 2000

/** Writes the series and the truth, and returns the truth. */
export async function generateSeries(options: SeriesOptions): Promise<Truth[]> {
  const { folder, count = defaultCount, seed = 1, badFiles = 0 } = options
  if (!(Number.isInteger(count) && count > 0 && count <= maxCount)) throw new RangeError(`count is 1 to ${maxCount}`)
  await mkdir(folder, { recursive: true })
  const substance = createSubstance(createRandom(seed))
  const truth: Truth[] = []
  for (const [index, point] of gridPoints(count).entries()) {
    const { text, ...about } = makeProfile(substance, point, index, createRandom(seed * 100_003 + index + 1))
    await writeFile(join(folder, about.file), text)
    truth.push(about)
  }
  for (let index = 0; index < badFiles; index++) {
    const { text, ...about } = badFile(index)
    await writeFile(join(folder, about.file), text)
    truth.push(about)
  }
  await writeFile(join(dirname(resolve(folder)), 'truth.json'), `${JSON.stringify(truth, null, 1)}\n`)
  return truth
}

type Point = { composition: number; temperature: number }

/** A grid as square as possible, in whole percents and degrees as the file names carry them. */
function gridPoints(count: number): Point[] {
  const columns = Math.ceil(Math.sqrt(count))
  const rows = Math.ceil(count / columns)
  const { composition, temperature } = modelRange
  const points: Point[] = []
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      points.push({
        composition: Math.round(100 * between(composition, column, columns)) / 100,
        temperature: Math.round(between(temperature, row, rows)),
      })
    }
  }
  return points.slice(0, count)
}

function between([from, to]: readonly [number, number], step: number, steps: number): number {
  return steps > 1 ? from + ((to - from) * step) / (steps - 1) : (from + to) / 2
}

function makeProfile(substance: Substance, point: Point, index: number, random: Random): Truth & { text: string } {
  const { composition, temperature } = point
  const format = profileFormats[index % profileFormats.length]!
  const name = `SIM_${pad(Math.round(composition * 100))}wtp_T${pad(temperature)}`
  const phases = phasesAt(composition, temperature, substance)
  const exact = phases.map(part => ({ ...part, lattice: part.lattice * (1 + 0.003 * random.normal()) }))
  const scattering = createScattering(exact, temperature, random)
  const measured = measure(scattering, { seconds: 1 + 2 * random.uniform() }, random)
  const crystals = exact.filter((part): part is Truth['phases'][number] => part.phase !== 'L1')
  return {
    file: `${name}.${format}`,
    format,
    composition,
    temperature,
    state: crystals.length > 0 ? 'phase' : 'disordered',
    phases: crystals,
    text: formatProfile(format, name, measured),
  }
}

function pad(value: number): string {
  return String(value).padStart(3, '0')
}

if (import.meta.main) {
  const [folder, count = '64', seed = '1'] = process.argv.slice(2)
  if (folder === undefined) throw new Error('Usage: generate-series.ts FOLDER [COUNT] [SEED]')
  const truth = await generateSeries({ folder, count: Number(count), seed: Number(seed) })
  console.log(
    `${truth.length} profiles in ${folder}; what they are is in ${join(dirname(resolve(folder)), 'truth.json')}`,
  )
}

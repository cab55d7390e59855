import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PhasidError } from './phasid-error.ts'
import { parseSampleName, type Sample } from './sample-name.ts'

/** Optional file in the data folder for names that do not tell: columns file, composition, temperature. */
export const sampleTableName = 'samples.csv'

/** What a folder says about its samples: the table first, then the file name. */
export type SampleLookup = (file: string) => Sample

/** Reads the table of a folder, if there is one. Throws PHASID_BAD_SAMPLE_TABLE when it makes no sense. */
export async function readSampleTable(folder: string): Promise<SampleLookup> {
  try {
    return parseSampleTable(await readFile(join(folder, sampleTableName), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return parseSampleName
    throw badTable((error as Error).message)
  }
}

/** The same from text. An empty cell falls back to the file name; a composition above 1 is meant in percent. */
export function parseSampleTable(text: string): SampleLookup {
  const [heading = '', ...lines] = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  const names = heading.split(',').map(name => name.trim().toLowerCase())
  if (!names.includes('file')) throw badTable('its first line must name the columns file, composition, temperature')
  const samples = new Map<string, Sample>()
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const cells = line.split(',').map(cell => cell.trim())
    const number = (name: keyof typeof ranges) =>
      parseCell(cells[names.indexOf(name)], ranges[name], `line ${index + 2}, column ${name}`)
    const composition = number('composition')
    const isPercent = composition !== undefined && composition > 1
    samples.set(cells[names.indexOf('file')] ?? '', {
      composition: isPercent ? composition / 100 : composition,
      temperature: number('temperature'),
    })
  }
  return file => {
    const [told, named] = [samples.get(file), parseSampleName(file)]
    return {
      composition: told?.composition ?? named.composition,
      temperature: told?.temperature ?? named.temperature,
    }
  }
}

/** What can be meant: a fraction or percents, and degrees Celsius. */
const ranges = { composition: [0, 100], temperature: [-273.15, 2000] } as const

function parseCell(
  cell: string | undefined,
  [low, high]: readonly [number, number],
  place: string,
): number | undefined {
  if (cell === undefined || cell === '') return undefined
  const value = Number(cell)
  if (value >= low && value <= high) return value
  throw badTable(`${place} is "${cell.slice(0, 40)}", not a number from ${low} to ${high}`)
}

function badTable(reason: string): PhasidError {
  return new PhasidError(
    'PHASID_BAD_SAMPLE_TABLE',
    `The sample table ${sampleTableName} cannot be used: ${reason}.`,
    'Correct the table, or remove it to take composition and temperature from the file names.',
  )
}

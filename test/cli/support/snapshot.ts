/** Compares a picture with the one kept beside the tests; `UPDATE_SNAPSHOTS=1 npm test` keeps a new one, to be looked at and committed. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { COLOURFUL, PLAIN, type Surface } from '../../../cli/render/colours.ts'
import { NOW } from './sample-views.ts'

const FOLDER = join(import.meta.dirname, '..', 'snapshots')

export function matchesSnapshot(name: string, picture: string): void {
  const file = join(FOLDER, `${name}.txt`)
  // Escape characters are kept visible, so that a difference can be read.
  const text = `${picture.replaceAll('\u001b', '\\e')}\n`
  if (process.env['UPDATE_SNAPSHOTS'] !== undefined) {
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(file, text)
    return
  }
  assert.ok(existsSync(file), `no snapshot ${name}: run with UPDATE_SNAPSHOTS=1 and look at it`)
  assert.equal(text, readFileSync(file, 'utf8'))
}

export function surface(columns: number, given: Partial<Surface> = {}): Surface {
  return { columns, palette: PLAIN, unicode: true, now: NOW, timeZone: 'UTC', ...given }
}

/** The ways in which every view is looked at. */
export const SURFACES: [string, Surface][] = [
  ['40', surface(40)],
  ['80', surface(80)],
  ['80-colour', surface(80, { palette: COLOURFUL })],
  ['80-ascii', surface(80, { unicode: false })],
  ['120', surface(120)],
  ['120-colour', surface(120, { palette: COLOURFUL })],
]

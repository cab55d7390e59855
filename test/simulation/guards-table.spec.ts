import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GUARDS } from './guards.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const HOLES = 25
const RULES = 20

describe('the table of guards in ARCHITECTURE.md', () => {
  let rows: string[][]

  before(async () => {
    const text = await readFile(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
    rows = text.split('\n').flatMap(line => (line.startsWith('|') ? [line.split('|').map(cell => cell.trim())] : []))
  })

  it('has each guard, with its hole and what notices its absence', () => {
    for (const { name, hole, invariants } of GUARDS) {
      const row = rows.find(([, first]) => first === name)
      assert.deepEqual(row?.slice(2, 4), [hole, invariants.join(', ')], name)
    }
  })

  it('answers every hole and every rule', () => {
    const first = rows.map(row => row[1] ?? '')
    const expected = [
      ...Array.from({ length: HOLES }, (_, index) => `H${index + 1}`),
      ...Array.from({ length: RULES }, (_, index) => `R${index + 1}`),
    ]
    assert.deepEqual(
      expected.filter(name => !first.some(cell => cell.startsWith(`${name} `))),
      [],
    )
  })

  it('names tests that exist', () => {
    const paths = rows.flatMap(row =>
      Array.from(row.join(' ').matchAll(/`([\w/-]+\.(?:spec|contract)\.ts)`/g), m => m[1] ?? ''),
    )
    const files = rows.flatMap(row =>
      Array.from(row.join(' ').matchAll(/`(ledger\/contract\/[\w-]+\.ts)`/g), m => m[1] ?? ''),
    )
    const missing = [...paths, ...files].filter(path => !['', 'test', 'simulation'].some(at => hasFile(at, path)))
    assert.deepEqual(missing, [])
  })

  it('names guards that exist wherever it says what a test needs', () => {
    const names = GUARDS.map(({ name }) => name)
    const needs = rows.flatMap(row => row.filter(cell => cell.includes('needs: '))).flatMap(namesIn)
    assert.ok(needs.length > 20)
    assert.deepEqual(
      needs.filter(need => !names.some(name => name === need || (need.includes('…') && matches(name, need)))),
      [],
    )
  })
})

function hasFile(at: string, path: string): boolean {
  return existsSync(join(ROOT, at, path)) || existsSync(join(ROOT, 'test', at, path))
}

/** What stands behind "needs:", up to the next file. */
function namesIn(cell: string): string[] {
  const list = cell.slice(cell.indexOf('needs: ') + 'needs: '.length)
  return list
    .split('; ')
    .map(name => name.replace('needs: ', '').trim())
    .filter(name => !name.startsWith('`'))
}

/** `…` stands for words that are left out. */
function matches(name: string, pattern: string): boolean {
  const parts = pattern.split('…').map(part => part.trim())
  return parts.every(part => name.includes(part))
}

import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { StoreWrite } from '../../src/lease/store-write.ts'
import { MemoryLeaves } from '../../src/ledger/memory/memory-leaves.ts'
import { UndoLog } from '../../src/ledger/memory/undo-log.ts'
import { assemble, encodeWrite, readLeaves, writeLeaves } from '../../src/ledger/store-leaves.ts'

const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }).map(parts => parts.join('.'))
const leaf = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.constant(null),
  fc.array(fc.integer(), { maxLength: 20 }),
  fc.constant({}),
)
const value = fc.oneof(
  leaf,
  fc.dictionary(fc.constantFrom('a', 'b', 'c'), leaf, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
)
const write: fc.Arbitrary<StoreWrite> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), section: fc.constant('data' as const), path, value }),
  fc.record({ kind: fc.constant('push' as const), section: fc.constant('data' as const), path, value }),
  fc.record({ kind: fc.constant('delete' as const), section: fc.constant('data' as const), path }),
  fc.record({
    kind: fc.constant('increment' as const),
    section: fc.constant('data' as const),
    path,
    value: fc.integer(),
  }),
)

describe('the leaves of a store', () => {
  it('give back what was set, and keep no leaf above or below another', () => {
    const property = fc.property(fc.array(write, { maxLength: 30 }), writes => {
      const undo = new UndoLog()
      const table = new MemoryLeaves(undo)
      for (const each of writes) {
        const before = everything(table)
        try {
          undo.transact(() => writeLeaves(table, encodeWrite(each)))
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'LF_STORE_TYPE')
          assert.deepEqual(everything(table), before, 'a refused write changed something')
          continue
        }
        const after = assemble(each.path, readLeaves(table, each.path))
        if (each.kind === 'set') assert.deepEqual(after, each.value)
        if (each.kind === 'delete') assert.equal(after, undefined)
        const paths = everything(table).map(([leafPath]) => leafPath)
        for (const one of paths) assert.ok(!paths.some(other => other.startsWith(`${one}.`)), `${one} has leaves below`)
      }
    })
    fc.assert(property, { numRuns: 300 })
  })
})

function everything(table: MemoryLeaves): [string, Uint8Array][] {
  return ['a', 'b', 'c'].flatMap(root => readLeaves(table, root))
}

import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { dagTable } from '../../../src/ledger/sqlite/dag-table.ts'
import { edgeTable } from '../../../src/ledger/sqlite/edge-table.ts'
import { readyTable } from '../../../src/ledger/sqlite/ready-table.ts'
import { runTable } from '../../../src/ledger/sqlite/run-table.ts'
import { SCHEMA } from '../../../src/ledger/sqlite/schema.ts'
import type { Prepare } from '../../../src/ledger/sqlite/statements.ts'
import { storeTable } from '../../../src/ledger/sqlite/store-table.ts'
import { taskTable } from '../../../src/ledger/sqlite/task-table.ts'

/** Read whole: all tasks that there ever were, of all runs. */
const SCANS = /^SCAN (tasks|edges|dag_copies|blueprints|leaves)(?! USING (COVERING )?INDEX)/

describe('the statements of an SQLite ledger', () => {
  it('find what they want by an index: none gets slower with what was done before', () => {
    const db = new DatabaseSync(':memory:')
    try {
      db.exec(SCHEMA)
      const statements: string[] = []
      const note: Prepare = sql => {
        statements.push(sql)
        return { all: () => [], allValues: () => [], getValues: () => undefined, get: () => undefined, run: () => {} }
      }
      for (const table of [taskTable, edgeTable, readyTable, dagTable, runTable, storeTable]) table(note)
      assert.ok(statements.length > 40)
      const scanning = statements.filter(sql => {
        const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
        return steps.some(({ detail }) => SCANS.test(String(detail)))
      })
      assert.deepEqual(scanning, [])
      const sorting = statements.filter(sql => {
        const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
        return sql.includes('dags_unwritten') && steps.some(({ detail }) => String(detail).includes('TEMP B-TREE'))
      })
      assert.deepEqual(sorting, [])
    } finally {
      db.close()
    }
  })
})

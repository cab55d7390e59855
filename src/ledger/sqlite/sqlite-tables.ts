/** The tables over one connection. */
import type { DatabaseSync } from 'node:sqlite'
import { dagTable } from './dag-table.ts'
import { edgeTable } from './edge-table.ts'
import { readyTable } from './ready-table.ts'
import type { CacheableTables } from './row-cache.ts'
import { runTable } from './run-table.ts'
import { sessionTable } from './session-table.ts'
import { preparer } from './statements.ts'
import { storeTable } from './store-table.ts'
import { taskTable } from './task-table.ts'

export function sqliteTables(db: DatabaseSync): CacheableTables {
  const prepare = preparer(db)
  return {
    ...sessionTable(prepare),
    ...runTable(prepare),
    ...dagTable(prepare),
    ...taskTable(prepare),
    ...readyTable(prepare),
    ...edgeTable(prepare),
    ...storeTable(prepare),
  }
}

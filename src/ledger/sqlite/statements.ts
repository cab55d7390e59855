/** Prepared statements with plain rows. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

export type Row = Record<string, unknown>

export interface Statement {
  all(...values: SQLInputValue[]): Row[]
  get(...values: SQLInputValue[]): Row | undefined
  run(...values: SQLInputValue[]): void
}

export type Prepare = (sql: string) => Statement

/** Each statement is prepared when it is first used. */
export function preparer(db: DatabaseSync): Prepare {
  return sql => {
    let prepared: ReturnType<DatabaseSync['prepare']> | undefined
    const statement = () => (prepared ??= db.prepare(sql))
    return {
      all: (...values) => statement().all(...values),
      get: (...values) => statement().get(...values),
      run: (...values) => void statement().run(...values),
    }
  }
}

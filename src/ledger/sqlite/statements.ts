/** Prepared statements with plain rows. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

export type Row = Record<string, unknown>
/** Of a row, in the order of its columns. */
export type Values = readonly unknown[]

export interface Statement {
  all(...values: SQLInputValue[]): Row[]
  get(...values: SQLInputValue[]): Row | undefined
  /** For what is read at each step of each task: Node.js makes a dictionary of each row, and reading it costs as much as making it. */
  allValues(...values: SQLInputValue[]): Values[]
  getValues(...values: SQLInputValue[]): Values | undefined
  run(...values: SQLInputValue[]): void
}

/**
 * The only way to write a limit that is bound. SQLite looks at the number behind a plain `LIMIT ?` when it plans, and therefore plans anew each
 * time that it is bound, which takes 20 to 30 times as long as a look that finds nothing.
 */
export const LIMIT = 'LIMIT ? + 0'
/** What it takes for none. */
export const NO_LIMIT = -1

export type Prepare = (sql: string) => Statement

/** Each statement is prepared when it is first used. */
export function preparer(db: DatabaseSync): Prepare {
  return sql => {
    let prepared: ReturnType<DatabaseSync['prepare']> | undefined
    let ofValues: typeof prepared
    const statement = () => (prepared ??= db.prepare(sql))
    const valuesOf = () => {
      if (ofValues !== undefined) return ofValues
      ofValues = db.prepare(sql)
      ofValues.setReturnArrays(true)
      return ofValues
    }
    return {
      all: (...values) => statement().all(...values),
      get: (...values) => statement().get(...values),
      allValues: (...values) => valuesOf().all(...values) as unknown as Values[],
      getValues: (...values) => valuesOf().get(...values) as unknown as Values | undefined,
      run: (...values) => void statement().run(...values),
    }
  }
}

/** Opens a ledger file, making it when it is new. Many processes may do so at the same moment. */
import { DatabaseSync } from 'node:sqlite'
import { LightflowError } from '../../core/errors.ts'
import { whenFree, type Turn } from './busy-retry.ts'
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts'
import { badPath, corrupt } from './sqlite-errors.ts'

export interface OpenDatabase {
  /** One for writing and one for reading, which never wait for each other. */
  writer: DatabaseSync
  reader: DatabaseSync
  incarnation: string
}

/** After a burst the log file shrinks to this again. */
const KEPT_LOG_BYTES = 64 * 1024 * 1024

export async function openDatabase(path: string, newIncarnation: string, turn: Turn): Promise<OpenDatabase> {
  const writer = new DatabaseSync(path, { timeout: 0 })
  try {
    const { journal_mode } = await whenFree(() => single(writer, 'PRAGMA journal_mode = WAL'), turn)
    if (journal_mode !== 'wal') throw badPath(path, 'is on a file system that cannot keep it')
    writer.exec(`PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA journal_size_limit = ${KEPT_LOG_BYTES}`)
    await whenFree(() => prepareSchema(writer, path, newIncarnation), turn)
    const { value } = single(writer, `SELECT value FROM meta WHERE key = 'incarnation'`)
    const reader = new DatabaseSync(path, { timeout: 0 })
    reader.exec('PRAGMA query_only = 1')
    return { writer, reader, incarnation: String(value) }
  } catch (error) {
    writer.close()
    throw error
  }
}

function prepareSchema(db: DatabaseSync, path: string, newIncarnation: string): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    if (isEmpty(db)) createTables(db, newIncarnation)
    else checkVersion(db, path)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function isEmpty(db: DatabaseSync): boolean {
  return single(db, 'SELECT count(*) AS count FROM sqlite_schema').count === 0
}

function createTables(db: DatabaseSync, incarnation: string): void {
  db.exec(SCHEMA)
  db.prepare(`INSERT INTO meta (key, value) VALUES ('incarnation', ?)`).run(incarnation)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
}

function checkVersion(db: DatabaseSync, path: string): void {
  const { application_id } = single(db, 'PRAGMA application_id')
  if (application_id !== APPLICATION_ID) throw corrupt(path, 'belongs to another program')
  const { user_version } = single(db, 'PRAGMA user_version')
  if (Number(user_version) > SCHEMA_VERSION) throw tooNew(path, Number(user_version))
}

function single(db: DatabaseSync, sql: string): Record<string, unknown> {
  return db.prepare(sql).get() ?? {}
}

function tooNew(path: string, version: number): LightflowError {
  const message = `The ledger ${path} was made by a newer Lightflow (its version is ${version}, this one knows ${SCHEMA_VERSION}).`
  return new LightflowError('LF_LEDGER_VERSION', message, {
    hint: 'Update Lightflow on this machine, or name another file with `--ledger sqlite:PATH`.',
    facts: { path, version, known: SCHEMA_VERSION },
  })
}

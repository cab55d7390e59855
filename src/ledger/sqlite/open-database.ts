/** Opens a ledger file, making it when it is new. Many processes may do so at the same moment. */
import { DatabaseSync } from 'node:sqlite'
import { whenFree, type Turn } from './busy-retry.ts'
import { LogSync } from './log-sync.ts'
import { inUse, MIGRATIONS, type Migrations, stepsFrom, tooNew } from './migrations.ts'
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts'
import { SessionLocks } from './session-locks.ts'
import { badPath, corrupt } from './sqlite-errors.ts'

export interface OpenDatabase {
  /** One for writing and one for reading, which never wait for each other. */
  writer: DatabaseSync
  reader: DatabaseSync
  /** What the writer commits is on the disk only when this was asked to bring it there. */
  log: LogSync
  incarnation: string
}

/**
 * Pages of the log after which they are brought into the file, by whoever writes next and has the others wait for it: a task changes about
 * ten, so that with SQLite's own 1000 every hundredth one paid for two more writes to the disk.
 */
const CHECKPOINT_PAGES = 4000
const PAGE_BYTES = 4096
/** Of a page in the log: itself and its header. */
const FRAME_BYTES = PAGE_BYTES + 24
/** Length that the log reaches between two checkpoints. */
export const USUAL_LOG_BYTES = CHECKPOINT_PAGES * FRAME_BYTES
/** After a burst the log file shrinks to this again. */
const KEPT_LOG_BYTES = 64 * 1024 * 1024

export async function openDatabase(
  path: string,
  newIncarnation: string,
  turn: Turn,
  migrations: Migrations = MIGRATIONS,
): Promise<OpenDatabase> {
  const writer = new DatabaseSync(path, { timeout: 0 })
  try {
    // Before anything is changed, the journal mode included: a file that is not ours, or too new, stays as it was.
    await whenFree(() => checkFormat(writer, path, migrations), turn)
    const { journal_mode } = await whenFree(() => single(writer, 'PRAGMA journal_mode = WAL'), turn)
    if (journal_mode !== 'wal') throw badPath(path, 'is on a file system that cannot keep it')
    writer.exec(`PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA journal_size_limit = ${KEPT_LOG_BYTES}`)
    writer.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    await whenFree(() => prepareSchema(writer, { path, newIncarnation, turn, migrations }), turn)
    const { value } = single(writer, `SELECT value FROM meta WHERE key = 'incarnation'`)
    const reader = new DatabaseSync(path, { timeout: 0 })
    reader.exec('PRAGMA query_only = 1')
    // From here on the log is brought to the disk after each commit, not by it; checkpoints go on waiting for the disk in between.
    writer.exec('PRAGMA synchronous = NORMAL')
    return { writer, reader, log: new LogSync(path), incarnation: String(value) }
  } catch (error) {
    writer.close()
    throw error
  }
}

interface Preparation {
  path: string
  newIncarnation: string
  turn: Turn
  migrations: Migrations
}

function prepareSchema(db: DatabaseSync, { path, newIncarnation, turn, migrations }: Preparation): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    if (isEmpty(db)) createTables(db, newIncarnation)
    else migrate(db, { path, turn, migrations })
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function migrate(db: DatabaseSync, { path, turn, migrations }: Omit<Preparation, 'newIncarnation'>): void {
  const version = checkFormat(db, path, migrations)
  if (version === migrations.version) return
  const steps = stepsFrom(version, migrations, path)
  const alive = livePeers(db, new SessionLocks(path, turn))
  if (alive.length > 0) throw inUse(path, version, alive)
  for (const step of steps) step(db)
  db.exec(`PRAGMA user_version = ${migrations.version}`)
}

/** By their locks: what else the rows say may be of another version. */
function livePeers(db: DatabaseSync, locks: SessionLocks): string[] {
  const open = db.prepare(`SELECT id FROM sessions WHERE state <> 'dead'`).all()
  return open.map(({ id }) => String(id)).filter(id => locks.isLocked(id))
}

/** The version of the file, 0 when it is empty. `LF_LEDGER_CORRUPT` when it is not a ledger, `LF_LEDGER_VERSION` when it is too new. */
export function checkFormat(db: DatabaseSync, path: string, { version: newest }: Migrations = MIGRATIONS): number {
  if (isEmpty(db)) return 0
  const { application_id } = single(db, 'PRAGMA application_id')
  if (application_id !== APPLICATION_ID) throw corrupt(path, 'belongs to another program')
  const version = Number(single(db, 'PRAGMA user_version').user_version)
  if (version > newest) throw tooNew(path, version, newest)
  return version
}

function isEmpty(db: DatabaseSync): boolean {
  return single(db, 'SELECT count(*) AS count FROM sqlite_schema').count === 0
}

function createTables(db: DatabaseSync, incarnation: string): void {
  db.exec(SCHEMA)
  db.prepare(`INSERT INTO meta (key, value) VALUES ('incarnation', ?)`).run(incarnation)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
}

function single(db: DatabaseSync, sql: string): Record<string, unknown> {
  return db.prepare(sql).get() ?? {}
}

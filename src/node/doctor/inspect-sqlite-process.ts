/**
 * Looks into a ledger file from a process of its own, which can be killed when the disk hangs or the file is huge, and whose own locks are
 * nobody's. It only reads.
 */
import { readFileSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { systemClock } from '../../core/clock.ts'
import { toErrorRecord } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import { whenFree } from '../../ledger/sqlite/busy-retry.ts'
import { checkFormat } from '../../ledger/sqlite/open-database.ts'
import { SCHEMA_VERSION } from '../../ledger/sqlite/schema.ts'
import { SessionLocks } from '../../ledger/sqlite/session-locks.ts'
import { isBusy, toLedgerError } from '../../ledger/sqlite/sqlite-errors.ts'
import { sqliteTables } from '../../ledger/sqlite/sqlite-tables.ts'
import type { InspectionOrder, Told } from './inspection.ts'
import type { SessionFacts } from './session-checks.ts'

const turn = { clock: systemClock, random: systemRandom }
const MAX_FAULTS_TOLD = 5
/** Writers take their turns in milliseconds. */
const WRITE_TRIES = 200
const WRITE_PAUSE_MS = 10

const order = JSON.parse(process.argv[2] ?? '{}') as InspectionOrder
// Whoever asked has gone: nobody wants to know any more.
process.once('disconnect', () => process.exit())
try {
  await inspect(order)
} catch (error) {
  tell({ kind: 'refused', error: toErrorRecord(toLedgerError(error, order.path)) })
}
process.disconnect()

async function inspect({ path, full }: InspectionOrder): Promise<void> {
  const isOpenElsewhere = hasLog(path)
  const db = openReadOnly(path, { isOpenElsewhere })
  try {
    const version = await whenFree(() => checkFormat(db, path), turn)
    tell({ kind: 'file', facts: fileFacts(db, path, version) })
    if (version === SCHEMA_VERSION) {
      const sessions = await sessionFacts(db, path)
      tell({ kind: 'sessions', sessions })
      const alive = sessions.filter(({ verdict }) => verdict === 'alive')
      if (alive.length > 0) tell({ kind: 'write-lock', free: await canWrite(path), stopped: stoppedOf(alive) })
    }
    const faults = full ? checkAll(db) : checkTables(db)
    // Somebody began to write while the file was read as it lay there: what looks damaged may be only half read.
    if (faults.length > 0 && !isOpenElsewhere && hasLog(path)) return await inspect({ path, full })
    tell({ kind: 'integrity', faults })
  } finally {
    db.close()
  }
}

/** Without a log nobody has it open: then it is read as it lies there, and no files are made beside it. */
function openReadOnly(path: string, { isOpenElsewhere }: { isOpenElsewhere: boolean }): DatabaseSync {
  if (isOpenElsewhere) return new DatabaseSync(path, { readOnly: true, timeout: 0 })
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  return new DatabaseSync(url, { readOnly: true })
}

function fileFacts(db: DatabaseSync, path: string, version: number) {
  return {
    version,
    knownVersion: SCHEMA_VERSION,
    fileBytes: sizeOf(path) ?? 0,
    logBytes: sizeOf(`${path}-wal`) ?? 0,
    journalMode: String(db.prepare('PRAGMA journal_mode').get()?.['journal_mode']),
  }
}

async function sessionFacts(db: DatabaseSync, path: string): Promise<SessionFacts[]> {
  const locks = new SessionLocks(path, turn)
  const open = await whenFree(() => sqliteTables(db).openSessions(), turn)
  const now = systemClock.wallMs()
  return open.map(session => ({ ...session, verdict: locks.probe(session.id, session, now) }))
}

/** Tries to get the turn to write, and gives it back unused. */
async function canWrite(path: string): Promise<boolean> {
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    for (let tried = 0; tried < WRITE_TRIES; tried++) {
      try {
        db.exec('BEGIN IMMEDIATE; ROLLBACK')
        return true
      } catch (error) {
        if (!isBusy(error)) throw error
      }
      await systemClock.sleep(WRITE_PAUSE_MS)
    }
    return false
  } finally {
    db.close()
  }
}

/** By the state that Linux shows of a process; nobody where there is no /proc. */
function stoppedOf(sessions: readonly SessionFacts[]): string[] {
  return sessions.filter(({ pid }) => isStopped(pid)).map(({ name, pid }) => `${name} (process ${pid})`)
}

function isStopped(pid: number): boolean {
  try {
    // The name before it may hold anything, also brackets.
    const [state] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1) ?? ''
    return state === 'T' || state === 't'
  } catch {
    return false
  }
}

function checkTables(db: DatabaseSync): string[] {
  const names = db
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
    .all()
    .map(({ name }) => String(name))
  const faults: string[] = []
  for (const [done, table] of names.entries()) {
    tell({ kind: 'progress', table, done, of: names.length })
    faults.push(...faultsOf(() => db.prepare(`PRAGMA quick_check('${table.replaceAll("'", "''")}')`).all()))
  }
  return faults.slice(0, MAX_FAULTS_TOLD)
}

function checkAll(db: DatabaseSync): string[] {
  return faultsOf(() => db.prepare('PRAGMA integrity_check').all()).slice(0, MAX_FAULTS_TOLD)
}

function faultsOf(check: () => Record<string, unknown>[]): string[] {
  try {
    const lines = check().flatMap(row => String(Object.values(row)[0]).split('\n'))
    return lines.filter(line => line !== 'ok' && !line.startsWith('***'))
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

function hasLog(path: string): boolean {
  return sizeOf(`${path}-wal`) !== undefined
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size
}

function tell(told: Told): void {
  process.send?.(told)
}

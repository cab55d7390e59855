/** The ledger file: whether it is there and of a version that we know, whole, and free to write. */
import { fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../core/clock.ts'
import { type ErrorRecord, hasCode } from '../../core/errors.ts'
import { checkLedgerPath } from '../../ledger/sqlite/ledger-path.ts'
import { type Check, type CheckTools, type CheckView, failed, failedWith, type Finding, ok, warning } from './check.ts'
import { formatBytes } from './folder-checks.ts'
import type { FileFacts, InspectionOrder, Told } from './inspection.ts'
import { checkSessions } from './session-checks.ts'

/** Long enough for some GiB; with `full` there is time for any file. */
const QUICK_MS = 20_000
const FULL_MS = 6 * 3600_000
/** What comes after the file was looked at: dialling peers. */
const REST_MS = 10_000
/** It shrinks by itself to 64 MiB unless somebody reads for ever. */
const LARGE_LOG_BYTES = 512 * 1024 * 1024
const RESTORE =
  'Stop all peers, keep a copy, and restore a backup; or save what can be read with `sqlite3 FILE .recover`.'

const ENDED_EARLY: ErrorRecord = {
  code: 'LF_UNEXPECTED',
  message: 'The process that looked into the file ended before it had answered.',
  hint: 'It was killed, or had too little memory: run `lf doctor` again.',
}

export function sqliteCheck(order: InspectionOrder, clock: Pick<Clock, 'sleep' | 'wallMs'>): Check {
  const inspectMs = order.full ? FULL_MS : QUICK_MS
  return {
    name: 'ledger',
    limitMs: inspectMs + REST_MS,
    run: async tools => {
      const problem = await whyNoLedger(order.path)
      if (problem !== undefined) return [{ name: 'ledger', ...problem }]
      const told = await inspect(order, tools, { clock, inspectMs })
      const rows = decideFile(order, told, inspectMs)
      const sessions = told.find(one => one.kind === 'sessions')?.sessions
      return sessions === undefined ? rows : [...rows, ...(await checkSessions(sessions, clock.wallMs()))]
    },
  }
}

async function whyNoLedger(path: string): Promise<Finding | undefined> {
  try {
    await checkLedgerPath(path, { create: false })
    return undefined
  } catch (error) {
    if (hasCode(error, 'LF_NO_LEDGER')) return ok(`none at ${path} yet; the first peer or submission makes it`)
    return failedWith(error)
  }
}

/** What it told until it was done, or its time was over. */
async function inspect(
  order: InspectionOrder,
  { signal, tell }: CheckTools,
  { clock, inspectMs }: { clock: Pick<Clock, 'sleep'>; inspectMs: number },
): Promise<Told[]> {
  const file = fileURLToPath(new URL(`./inspect-sqlite-process${extname(import.meta.url)}`, import.meta.url))
  const child = fork(file, [JSON.stringify(order)], { stdio: 'ignore' })
  const told: Told[] = []
  const ended = new AbortController()
  child.on('message', (message: Told) => {
    told.push(message)
    if (message.kind === 'progress') tell(`${message.table}, ${message.done + 1} of ${message.of} tables`)
  })
  // Not `exit`, which may come before the last message.
  for (const event of ['disconnect', 'error']) child.once(event, () => ended.abort())
  await clock.sleep(inspectMs, AbortSignal.any([ended.signal, signal]))
  // One that sits in a disk that does not answer cannot be killed: nobody waits for it.
  child.kill('SIGKILL')
  if (child.connected) child.disconnect()
  child.unref()
  const isAnswered = told.some(({ kind }) => kind === 'integrity' || kind === 'refused')
  return ended.signal.aborted && !isAnswered ? [...told, { kind: 'refused', error: ENDED_EARLY }] : told
}

export function decideFile({ path, full }: InspectionOrder, told: readonly Told[], limitMs: number): CheckView[] {
  const refusal = told.find(one => one.kind === 'refused')
  const file = told.find(one => one.kind === 'file')
  const lock = told.find(one => one.kind === 'write-lock')
  const integrity = decideIntegrity(told, { full, limitMs })
  if (refusal !== undefined) return [{ name: 'ledger', ...refused(refusal.error) }]
  const rows: CheckView[] = []
  if (file !== undefined) rows.push({ name: 'ledger', ...decideFormat(path, file.facts) })
  if (lock?.free === false) rows.push({ name: 'write lock', ...lockTaken(lock.stopped) })
  return [...rows, { name: 'integrity', ...integrity }]
}

/** Whoever asks what is wrong with a ledger wants its runs back first. */
function refused(error: ErrorRecord): Finding {
  if (error.code !== 'LF_LEDGER_CORRUPT') return failedWith(error)
  return failed(
    error.message.replace(/\.$/, ''),
    `${RESTORE} Only when nothing in it matters: move it away (with -wal and -shm).`,
  )
}

export function decideFormat(
  path: string,
  { version, knownVersion, fileBytes, logBytes, journalMode }: FileFacts,
): Finding {
  const found = `${path}, version ${version}, ${formatBytes(fileBytes)}, log ${formatBytes(logBytes)}`
  if (version < knownVersion) {
    return warning(
      found,
      `The next \`lf node\` brings it to version ${knownVersion}; older Lightflows cannot open it then.`,
    )
  }
  if (logBytes > LARGE_LOG_BYTES) {
    return warning(
      found,
      'A program reads the file without end, or a process was stopped inside a read: look who has it open (`lsof FILE`).',
    )
  }
  // Without a log nobody has the file open, and it is read as it lies there.
  return journalMode === 'wal' || logBytes === 0
    ? ok(found)
    : warning(`${found}, journal ${journalMode}`, 'The next `lf node` puts this right.')
}

function decideIntegrity(told: readonly Told[], { full, limitMs }: { full: boolean; limitMs: number }): Finding {
  const result = told.find(one => one.kind === 'integrity')
  if (result !== undefined && result.faults.length > 0) {
    const [first = ''] = result.faults
    return failed(`the file is damaged: ${first}`, RESTORE)
  }
  if (result !== undefined) return ok(full ? 'every page and index is sound' : 'all tables are sound')
  const last = told.findLast(one => one.kind === 'progress')
  const seen = last === undefined ? 'nothing' : `${last.done} of ${last.of} tables, all sound`
  return warning(
    `looked at ${seen} in ${limitMs / 1000} s`,
    'The file is large or the disk slow: `lf doctor --full` takes its time.',
  )
}

function lockTaken(stopped: readonly string[]): Finding {
  return stopped.length > 0
    ? failed(
        `nobody could write for 2 s, and a process is stopped: ${stopped.join(', ')}`,
        'It was stopped while it wrote and keeps the lock: let it go on (`kill -CONT PID`) or end it (`kill -9 PID`).',
      )
    : failed(
        'nobody could write for 2 s',
        'Look for a program that has the file open (`lsof FILE`): an SQLite shell, a backup, a process that was stopped in the middle of a write.',
      )
}

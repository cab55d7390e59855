import assert from 'node:assert/strict'
import { copyFile, stat } from 'node:fs/promises'
import { systemClock } from '../../../src/core/clock.ts'
import { seededRandom, systemRandom } from '../../../src/core/random.ts'
import { GroupCommit, type Outcome } from '../../../src/ledger/sqlite/group-commit.ts'
import { LogReserve, type LogReserveParts } from '../../../src/ledger/sqlite/log-reserve.ts'
import { openDatabase, USUAL_LOG_BYTES } from '../../../src/ledger/sqlite/open-database.ts'
import { sqliteTables } from '../../../src/ledger/sqlite/sqlite-tables.ts'
import { packRun } from '../../../src/ledger/transactions/submit.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import type { OperationCall } from '../../../src/ledger/transactions/operations.ts'
import { dagPlan, newRun } from '../contract/bench.ts'
import { eventually } from '../../support/eventually.ts'
import { temporaryFolder } from './temporary-folder.ts'

const MIB = 1024 * 1024
const RESERVED = 3 * MIB + 1000

describe('room in the log', () => {
  const turn = { clock: systemClock, random: seededRandom(1) }
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let path: string
  let database: Awaited<ReturnType<typeof openDatabase>>
  let commits: GroupCommit

  beforeEach(async () => {
    folder = await temporaryFolder()
    path = `${folder.path}/ledger.sqlite`
    ;({ database, commits } = await openHere())
  })

  afterEach(async () => {
    await commits.idle()
    close(database)
    await folder.remove()
  })

  async function openHere() {
    const opened = await openDatabase(path, 'incarnation', turn)
    return { database: opened, commits: new GroupCommit(opened.writer, sqliteTables(opened.writer), turn) }
  }
  const close = ({ reader, writer }: typeof database): void => {
    reader.close()
    writer.close()
  }
  const reserve = (options: Partial<LogReserveParts> = {}): LogReserve => {
    const made = new LogReserve({ path, bytes: RESERVED, turn, freeBytes: async () => Infinity, ...options })
    made.start()
    return made
  }
  const submit = async (run: string, to = commits): Promise<void> => {
    const submission = newRun(run, [dagPlan('main', ['a', 'b'], ['a>b'])])
    const call: OperationCall = { name: 'submit', now: 1, args: [packRun(submission, submission.plan)] }
    const outcome = await new Promise<Outcome>(settle => to.add({ call, settle }))
    assert.ok('value' in outcome)
  }
  const logBytes = async (): Promise<number> => (await stat(`${path}-wal`)).size
  const runsOf = ({ reader }: typeof database): string[] =>
    sqliteTables(reader)
      .runs({ limit: 10_000 })
      .map(({ id }) => id)
      .sort()

  it('is made up to the length that is wanted, once', async () => {
    await submit('r1')
    await reserve().done()
    assert.equal(await logBytes(), RESERVED)
    await reserve().done()
    assert.equal(await logBytes(), RESERVED)
    await submit('r2')
    assert.equal(await logBytes(), RESERVED)
    assert.deepEqual(runsOf(database), ['r1', 'r2'])
  })

  it('hides nothing from who finds file and log after a crash', async () => {
    await submit('r1')
    await reserve().done()
    await submit('r2')
    const copy = `${folder.path}/copy.sqlite`
    await copyFile(path, copy)
    await copyFile(`${path}-wal`, `${copy}-wal`)
    const found = await openDatabase(copy, 'incarnation', turn)
    assert.deepEqual(runsOf(found), ['r1', 'r2'])
    assert.deepEqual({ ...found.reader.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
    close(found)
  })

  it('is made by several who write often, each in its thread: nothing of what they write meanwhile is lost', async () => {
    const open = () => openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
    const ledgers = await Promise.all([open(), open(), open()])
    const names = Array.from({ length: 600 }, (_, index) => `r${String(index).padStart(3, '0')}`)
    // One after the other in each thread, so that there are many commits.
    const writing = ledgers.map(async (ledger, thread) => {
      for (const name of names.filter((_, index) => index % ledgers.length === thread)) {
        await ledger.submit(newRun(name, [dagPlan('main', ['a', 'b'], ['a>b'])]))
      }
    })
    await Promise.all(writing)
    await eventually(async () => (await logBytes()) >= USUAL_LOG_BYTES)
    await Promise.all(ledgers.map(ledger => ledger.close()))
    assert.deepEqual(runsOf(database), names)
    assert.deepEqual({ ...database.reader.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
  })

  it('is not made while somebody else writes', async () => {
    await submit('r1')
    const before = await logBytes()
    const waited = Promise.withResolvers<void>()
    const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
      waited.resolve()
      await systemClock.sleep(ms, signal)
    }
    database.writer.exec('BEGIN IMMEDIATE')
    const made = reserve({ turn: { ...turn, clock: { ...systemClock, sleep } } })
    await Promise.race([waited.promise, made.done()])
    assert.equal(await logBytes(), before)
    database.writer.exec('ROLLBACK')
    await made.done()
    assert.equal(await logBytes(), RESERVED)
  })

  it('is not made where the disk has little room', async () => {
    await submit('r1')
    const before = await logBytes()
    await reserve({ freeBytes: async () => 500 * MIB }).done()
    assert.equal(await logBytes(), before)
  })

  it('is given up when the ledger closes', async () => {
    const made = reserve({ bytes: 1000 * MIB })
    await made.stop()
    assert.ok((await logBytes()) < 1000 * MIB)
  })
})

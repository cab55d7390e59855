import assert from 'node:assert/strict'
import { copyFile, stat } from 'node:fs/promises'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { LogReserve, type LogReserveParts } from '../../../src/ledger/sqlite/log-reserve.ts'
import { openDatabase, USUAL_LOG_BYTES } from '../../../src/ledger/sqlite/open-database.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { dagPlan, newRun } from '../contract/bench.ts'
import { eventually } from '../../support/eventually.ts'
import { closeDatabase, type FileWriter, makeFileWriter, runsIn, submission, turn, writeTo } from './file-writer.ts'

const MIB = 1024 * 1024
const RESERVED = 3 * MIB + 1000

describe('room in the log', () => {
  let ledger: FileWriter
  let path: string

  beforeEach(async () => {
    ledger = await makeFileWriter()
    ;({ path } = ledger)
  })

  afterEach(() => ledger.remove())

  const reserve = (options: Partial<LogReserveParts> = {}): LogReserve => {
    const made = new LogReserve({ path, bytes: RESERVED, turn, freeBytes: async () => Infinity, ...options })
    made.start()
    return made
  }
  const submit = async (run: string): Promise<void> => {
    assert.ok('value' in (await writeTo(ledger.commits, submission(run))))
  }
  const logBytes = async (): Promise<number> => (await stat(`${path}-wal`)).size

  it('is made up to the length that is wanted, once', async () => {
    await submit('r1')
    await reserve().done()
    assert.equal(await logBytes(), RESERVED)
    await reserve().done()
    assert.equal(await logBytes(), RESERVED)
    await submit('r2')
    assert.equal(await logBytes(), RESERVED)
    assert.deepEqual(runsIn(ledger.database), ['r1', 'r2'])
  })

  it('hides nothing from who finds file and log after a crash', async () => {
    await submit('r1')
    await reserve().done()
    await submit('r2')
    const copy = `${ledger.folder}/copy.sqlite`
    await copyFile(path, copy)
    await copyFile(`${path}-wal`, `${copy}-wal`)
    const found = await openDatabase(copy, 'incarnation', turn)
    assert.deepEqual(runsIn(found), ['r1', 'r2'])
    assert.deepEqual({ ...found.reader.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
    closeDatabase(found)
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
    assert.deepEqual(runsIn(ledger.database), names)
    assert.deepEqual({ ...ledger.database.reader.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
  })

  it('is not made while somebody else writes', async () => {
    await submit('r1')
    const before = await logBytes()
    const waited = Promise.withResolvers<void>()
    const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
      waited.resolve()
      await systemClock.sleep(ms, signal)
    }
    ledger.database.writer.exec('BEGIN IMMEDIATE')
    const made = reserve({ turn: { ...turn, clock: { ...systemClock, sleep } } })
    await Promise.race([waited.promise, made.done()])
    assert.equal(await logBytes(), before)
    ledger.database.writer.exec('ROLLBACK')
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

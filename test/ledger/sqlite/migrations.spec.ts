import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../../src/core/clock.ts'
import { seededRandom, systemRandom } from '../../../src/core/random.ts'
import type { Migration, Migrations } from '../../../src/ledger/sqlite/migrations.ts'
import { openDatabase } from '../../../src/ledger/sqlite/open-database.ts'
import { SCHEMA_VERSION } from '../../../src/ledger/sqlite/schema.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { Bench, DONE, dagPlan, newTools, refused } from '../contract/bench.ts'
import { closeDatabase } from './file-writer.ts'
import { makeVersion1 } from './version-1.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe('a ledger file of another version', () => {
  const turn = { clock: systemClock, random: seededRandom(1) }
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let path: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    path = `${folder.path}/ledger.sqlite`
    const ledger = await openLedger()
    await new Bench(ledger, newTools()).submit('r', [dagPlan('main', ['a'])])
    await ledger.close()
  })

  afterEach(() => folder.remove())

  function openLedger() {
    return openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
  }

  const addNote: Migration = db => db.exec('ALTER TABLE runs ADD COLUMN note TEXT')
  const setNote: Migration = db => db.exec(`UPDATE runs SET note = 'moved'`)

  /** As a Lightflow would open it that is `steps` newer. */
  async function openNewer(...steps: Migration[]): Promise<void> {
    const numbered = steps.map((step, index) => [SCHEMA_VERSION + 1 + index, step] as const)
    const newer: Migrations = { version: SCHEMA_VERSION + steps.length, steps: new Map(numbered) }
    const database = await openDatabase(path, 'other', turn, newer)
    closeDatabase(database)
  }

  function look(sql: string): unknown {
    const file = new DatabaseSync(path)
    try {
      return Object.values(file.prepare(sql).get() ?? {})[0]
    } finally {
      file.close()
    }
  }

  it('is brought up to date step by step, with all that is in it', async () => {
    await openNewer(addNote, setNote)
    assert.equal(look('PRAGMA user_version'), SCHEMA_VERSION + 2)
    assert.equal(look('SELECT note FROM runs'), 'moved')
    await openNewer(addNote, setNote)
    await refused(openLedger(), 'LF_LEDGER_VERSION', /newer Lightflow.*Update/s)
  })

  it('is as it was when bringing it up to date breaks off', async () => {
    const breakOff: Migration = () => {
      throw new Error('killed')
    }
    await assert.rejects(openNewer(addNote, breakOff), /killed/)
    assert.equal(look('PRAGMA user_version'), SCHEMA_VERSION)
    const ledger = await openLedger()
    assert.equal((await ledger.run('r'))?.state, 'running')
    await ledger.close()
    await openNewer(addNote, setNote)
  })

  it('is left alone while peers of its version work with it', async () => {
    const ledger = await openLedger()
    await new Bench(ledger, newTools()).session('worker')
    await refused(openNewer(addNote), 'LF_LEDGER_VERSION', /older version.*Stop all peers/s)
    assert.equal(look('PRAGMA user_version'), SCHEMA_VERSION)
    await ledger.closeSession('worker')
    await ledger.close()
    await openNewer(addNote)
    assert.equal(look('PRAGMA user_version'), SCHEMA_VERSION + 1)
  })

  it('is refused when there is no way from its version', async () => {
    const file = new DatabaseSync(path)
    file.exec('PRAGMA user_version = 0')
    file.close()
    await refused(openLedger(), 'LF_LEDGER_VERSION', /version 0.*cannot bring up to date/s)
    assert.equal(look('PRAGMA user_version'), 0)
  })

  it('of version 1 is brought up to date, and its runs go on', async () => {
    const dags = [dagPlan('main', ['a', 'b'], ['a>b']), dagPlan('sub', ['x', 'y'], ['x>y'], false)]
    path = `${folder.path}/first.sqlite`
    makeVersion1(path, dags)
    const ledger = await openLedger()
    try {
      const bench = new Bench(ledger, newTools())
      assert.deepEqual((await ledger.run('r'))?.plan.dags, dags)
      await bench.session('s')
      const { claim } = await bench.claim('s', 'r/main:1/a')
      await ledger.startDag({ claim, blueprint: 'sub', starterKey: 'k', data: null })
      await ledger.complete(claim, DONE)
      await bench.submit('later', [dagPlan('main', ['c'])])
      assert.equal(await ledger.settle(100), 0)
      for (const task of ['r/main:1/b', 'r/sub:1/x', 'r/sub:1/y', 'later/main:1/c']) await bench.run('s', task)
      assert.deepEqual([await bench.runState('r'), await bench.runState('later')], ['succeeded', 'succeeded'])
    } finally {
      await ledger.close()
    }
  })

  it('takes no DAG from a process of version 1 that had opened it before', async () => {
    for (const isNew of [true, false]) {
      path = `${folder.path}/before-${isNew}.sqlite`
      if (!isNew) makeVersion1(path, [dagPlan('main', ['a'])])
      const old = new DatabaseSync(path)
      try {
        const ledger = await openLedger()
        if (isNew) await new Bench(ledger, newTools()).submit('r', [dagPlan('main', ['a'])])
        await ledger.close()
        const insert = `INSERT INTO dags (run, name, blueprint, copy, state, doc) VALUES ('r', 'main:2', 'main', 2, 'running', x'')`
        for (const change of [
          insert,
          `UPDATE dags SET state = 'stopped', doc = x'' WHERE run = 'r' AND name = 'main:1'`,
        ]) {
          assert.throws(() => old.exec(change), /newer Lightflow/)
        }
        assert.equal(old.prepare('SELECT count(*) AS count FROM dag_copies').get()?.count, 1)
      } finally {
        old.close()
      }
    }
  })

  it('has the same tables when it was brought up to date as when it is new', async () => {
    const tablesOf = (file: string): unknown[] => {
      const db = new DatabaseSync(file)
      try {
        const all = db.prepare('SELECT type, name, tbl_name FROM sqlite_schema ORDER BY type, name').all()
        const columns = db.prepare(`
          SELECT tables.name AS of, columns.name, columns.type, columns."notnull", columns.pk
          FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns ORDER BY 1, 2
        `)
        return [...all, ...columns.all()]
      } finally {
        db.close()
      }
    }
    const isNew = path
    path = `${folder.path}/first.sqlite`
    makeVersion1(path, [])
    await (await openLedger()).close()
    assert.deepEqual(tablesOf(path), tablesOf(isNew))
  })

  it('is not touched when it is too new', async () => {
    const file = new DatabaseSync(path)
    file.exec('PRAGMA journal_mode = DELETE; PRAGMA user_version = 99')
    file.close()
    await refused(openLedger(), 'LF_LEDGER_VERSION', /99/)
    assert.equal(look('PRAGMA journal_mode'), 'delete')
  })
})

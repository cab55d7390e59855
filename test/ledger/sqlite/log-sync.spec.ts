import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { GroupCommit, type Outcome } from '../../../src/ledger/sqlite/group-commit.ts'
import { LogSync } from '../../../src/ledger/sqlite/log-sync.ts'
import { openDatabase } from '../../../src/ledger/sqlite/open-database.ts'
import { ThreadServer } from '../../../src/ledger/sqlite/thread-server.ts'
import type { Reply } from '../../../src/ledger/sqlite/thread-messages.ts'
import type { OperationCall } from '../../../src/ledger/transactions/operations.ts'
import { eventually } from '../../support/eventually.ts'
import { refused } from '../contract/bench.ts'
import { closeDatabase, type FileWriter, makeFileWriter, runsIn, submission, turn, writeTo } from './file-writer.ts'

describe('the log of an SQLite ledger', () => {
  let ledger: FileWriter

  beforeEach(async () => {
    ledger = await makeFileWriter()
  })

  afterEach(() => ledger.remove())

  /** `sync`: in place of the disk. */
  function onDisk(sync: () => void): LogSync {
    const log = new LogSync(ledger.path, sync)
    closers.push(() => log.close())
    return log
  }

  const closers: (() => void)[] = []

  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })

  it('is not waited for by the commit, but by checkpoints', () => {
    const NORMAL = 1
    assert.equal(ledger.database.writer.prepare('PRAGMA synchronous').get()?.['synchronous'], NORMAL)
  })

  it('has all that is answered in it when it is brought to the disk', async () => {
    const copy = `${ledger.folder}/copy.sqlite`
    const log = onDisk(() => {
      copyFileSync(ledger.path, copy)
      copyFileSync(`${ledger.path}-wal`, `${copy}-wal`)
    })
    const commits = new GroupCommit({ ...ledger.database, log }, turn)
    for (const run of ['r1', 'r2']) assert.ok('value' in (await writeTo(commits, submission(run))))
    const found = await openDatabase(copy, 'incarnation', turn)
    assert.deepEqual(runsIn(found), ['r1', 'r2'])
    closeDatabase(found)
  })

  it('is on the disk before anybody is answered, and others may write meanwhile', async () => {
    const seen: string[] = []
    const other = new DatabaseSync(ledger.path, { timeout: 0 })
    const log = onDisk(() => {
      // What is brought to the disk is committed, and the turn to write is free.
      other.exec('BEGIN IMMEDIATE')
      seen.push(`on the disk: ${other.prepare('SELECT id FROM runs').all().length} runs`)
      other.exec('COMMIT')
    })
    const commits = new GroupCommit({ ...ledger.database, log }, turn)
    const answer = (outcome: Outcome) => void seen.push('value' in outcome ? 'answered' : 'refused')
    // By then others see it.
    const onCommitted = () => void seen.push(`seen: ${other.prepare('SELECT id FROM runs').all().length} runs`)
    commits.add({ call: submission('r1'), onCommitted, settle: answer })
    commits.add({ call: submission('r2'), settle: answer })
    await commits.idle()
    assert.deepEqual(seen, ['seen: 2 runs', 'on the disk: 2 runs', 'answered', 'answered'])
    other.close()
  })

  it('has been told of as seen by others only when it is', async () => {
    let told = 0
    const { writer } = ledger.database
    writer.exec("CREATE TRIGGER fails AFTER INSERT ON runs BEGIN SELECT RAISE(ABORT, 'no'); END")
    const outcome = new Promise(settle =>
      ledger.commits.add({ call: submission('r1'), onCommitted: () => (told += 1), settle }),
    )
    assert.ok('error' in ((await outcome) as Outcome))
    assert.equal(told, 0)
  })

  it('answers nobody any more when the disk has failed, also when that says afterwards that all is well', async () => {
    let isBroken = true
    const log = onDisk(() => {
      if (isBroken) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
    })
    const commits = new GroupCommit({ ...ledger.database, log }, turn)
    let answered = 0
    commits.add({ call: submission('r1'), settle: () => answered++ })
    await refused(commits.idle(), 'LF_LEDGER_FULL', /may not be on the disk/)
    isBroken = false
    commits.add({ call: submission('r2'), settle: () => answered++ })
    await refused(commits.idle(), 'LF_LEDGER_FULL')
    assert.throws(() => log.bring(), { code: 'LF_LEDGER_FULL' })
    assert.equal(answered, 0)
  })

  it('is on the disk as far as people are told of it, and is not brought there again for what they were told', async () => {
    let syncs = 0
    const log = onDisk(() => syncs++)
    const { asked } = serveFrom(log)
    await asked({ name: 'runHeads', now: 1, args: [{ limit: 1 }] })
    const before = syncs
    // By another process, which has not brought it to the disk yet.
    assert.ok('value' in (await writeTo(ledger.commits, submission('r1'))))
    await asked({ name: 'peekReady', now: 1, args: [['task'], 10] })
    assert.equal(syncs, before)
    const heads = (await asked({ name: 'runHeads', now: 1, args: [{ limit: 1 }] })) as { id: string }[]
    assert.deepEqual(
      heads.map(({ id }) => id),
      ['r1'],
    )
    assert.equal(syncs, before + 1)
    await asked({ name: 'taskCounts', now: 1, args: ['r1'] })
    assert.equal(syncs, before + 1)
  })

  it('is on the disk as far as a task reads it: what it does by that may move a motor', async () => {
    assert.ok('value' in (await writeTo(ledger.commits, submission('r1'))))
    for (const call of [
      { name: 'storeGet', now: 1, args: ['r1', 'data', 'x'] },
      { name: 'dagStates', now: 1, args: ['r1', ['main:1']] },
    ] as const) {
      let syncs = 0
      const { asked } = serveFrom(onDisk(() => syncs++))
      await asked(call)
      assert.equal(syncs, 1, call.name)
    }
  })

  it('is waited for by who begins what was passed on to it, unless its giver has said that it is there', async () => {
    assert.ok('value' in (await writeTo(ledger.commits, submission('r1'))))
    for (const [kept, wanted] of [
      [undefined, 1],
      [['c1'], 0],
    ] as const) {
      let syncs = 0
      const { asked } = serveFrom(onDisk(() => syncs++))
      await asked({ name: 'passedTo', now: 1, args: ['session', [], kept] })
      assert.equal(syncs, wanted)
    }
  })

  it('of which people would be told is not told of when the disk has failed', async () => {
    const log = onDisk(() => {
      throw new Error('EIO')
    })
    const { replyTo } = serveFrom(log)
    const reply = await replyTo({ name: 'runs', now: 1, args: [{ limit: 1 }] })
    assert.equal('error' in reply && reply.error.code, 'LF_LEDGER_FULL')
  })

  /** What the ledger's thread does, with this log. */
  function serveFrom(log: LogSync) {
    const replies: Reply[] = []
    const { path, database } = ledger
    const server = new ThreadServer({ path, database: { ...database, log }, turn }, news => {
      if (news.kind === 'replies') replies.push(...news.replies)
    })
    let id = 0
    async function replyTo(call: OperationCall): Promise<Reply> {
      const own = ++id
      server.serve({ kind: 'operation', call, id: own })
      return eventually(() => Promise.resolve(replies.find(reply => reply.id === own) ?? assert.fail('no answer yet')))
    }
    async function asked(call: OperationCall): Promise<unknown> {
      const reply = await replyTo(call)
      assert.ok('value' in reply)
      return reply.value
    }
    return { replyTo, asked }
  }
})

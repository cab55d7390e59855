import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../../src/core/clock.ts'
import { GroupCommit, type Outcome } from '../../../src/ledger/sqlite/group-commit.ts'
import { openDatabase, type OpenDatabase } from '../../../src/ledger/sqlite/open-database.ts'
import { toLedgerError } from '../../../src/ledger/sqlite/sqlite-errors.ts'
import { sqliteTables } from '../../../src/ledger/sqlite/sqlite-tables.ts'
import type { OperationCall } from '../../../src/ledger/transactions/operations.ts'
import type { ClaimedTask } from '../../../src/ledger/ledger.ts'
import { newSession } from '../contract/bench.ts'
import { closeDatabase, type FileWriter, makeFileWriter, runsIn, submission, turn, writeTo } from './file-writer.ts'

describe('group commit', () => {
  let ledger: FileWriter
  let path: string
  let database: OpenDatabase
  let commits: GroupCommit

  beforeEach(async () => {
    ledger = await makeFileWriter()
    ;({ path, database, commits } = ledger)
  })

  afterEach(() => ledger.remove())

  const write = (call: OperationCall, to = commits) => writeTo(to, call)
  const codeOf = (outcome: Outcome) => {
    return 'error' in outcome ? (toLedgerError(outcome.error, path) as { code?: string }).code : undefined
  }
  const runs = () => runsIn(database)

  it('commits together what waits together', async () => {
    // Time stands still: however slow the machine, all of them arrive within the time that a commit gathers.
    const still = { ...turn, clock: { ...systemClock, monotonicMs: () => 0 } }
    const patient = new GroupCommit(database, still)
    const statements = statementsOf(database.writer)
    const outcomes = await Promise.all(['r1', 'r2', 'r3'].map(run => write(submission(run), patient)))
    await patient.idle()
    assert.ok(outcomes.every(outcome => 'value' in outcome))
    assert.deepEqual(runs(), ['r1', 'r2', 'r3'])
    assert.deepEqual(
      statements.filter(sql => sql === 'COMMIT'),
      ['COMMIT'],
    )
  })

  it('tells what came of an operation before it is on the disk, and nothing else of it when that fails', async () => {
    const foreseen: unknown[] = []
    const told = (call: OperationCall) =>
      new Promise<Outcome>(settle => {
        // Others do not see it yet.
        commits.add({ call, foresee: () => foreseen.push(runs()), settle })
      })
    assert.ok('value' in (await told(submission('r1'))))
    assert.deepEqual([foreseen, runs()], [[[]], ['r1']])
    // A constraint that is looked at by the commit itself.
    database.writer.exec('CREATE TABLE none (id PRIMARY KEY); PRAGMA foreign_keys = ON')
    database.writer.exec('CREATE TABLE late (id REFERENCES none (id) DEFERRABLE INITIALLY DEFERRED)')
    database.writer.exec('CREATE TRIGGER fails AFTER INSERT ON runs BEGIN INSERT INTO late VALUES (1); END')
    assert.ok('error' in (await told(submission('r2'))))
    assert.deepEqual([foreseen.length, runs()], [2, ['r1']])
  })

  it('tells nothing of what is tried again because of another one, before it is', async () => {
    const told: string[] = []
    const tell = (run: string, workflow?: string) =>
      new Promise<Outcome>(settle => {
        commits.add({ call: submission(run, workflow), foresee: () => told.push(run), settle })
      })
    assert.ok('value' in (await tell('r1')))
    const [kept, failed] = await Promise.all([tell('r2'), tell('r1', 'other')])
    assert.deepEqual(
      [kept, codeOf(failed)].map(outcome => outcome !== undefined),
      [true, true],
    )
    assert.deepEqual(told, ['r1', 'r2'])
  })

  it('writes no part of a large DAG before what is asked for after it, and all of them before it is idle', async () => {
    // Time stands still: however slow the machine, no part has waited for long.
    const still = new GroupCommit(database, { ...turn, clock: { ...systemClock, monotonicMs: () => 0 } })
    const answered: string[] = []
    const part: OperationCall = { name: 'writeTasks', now: 1, args: [] }
    for (const call of [part, submission('r1'), part]) {
      still.add({ call, settle: () => answered.push(call.name) })
    }
    await still.idle()
    assert.deepEqual(answered, ['submit', 'writeTasks', 'writeTasks'])
  })

  it('goes on after it was idle', async () => {
    await commits.idle()
    const part: OperationCall = { name: 'writeTasks', now: 1, args: [] }
    for (const call of [submission('r1'), part]) assert.ok('value' in (await write(call)))
    await commits.idle()
    assert.ok('value' in (await write(submission('r2'))))
  })

  it('keeps the others when one fails', async () => {
    const outcomes = await Promise.all([
      write(submission('r1')),
      write(submission('r1', 'other')),
      write(submission('r2')),
    ])
    assert.deepEqual(outcomes.map(codeOf), [undefined, 'LF_RUN_EXISTS', undefined])
    assert.deepEqual(runs(), ['r1', 'r2'])
  })

  it('tries again with those that wait together when one fails, and only then', async () => {
    const still = { ...turn, clock: { ...systemClock, monotonicMs: () => 0 } }
    const patient = new GroupCommit(database, still)
    const statements = statementsOf(database.writer)
    await Promise.all([write(submission('r1'), patient), write(submission('r2'), patient)])
    assert.deepEqual(statements, ['BEGIN IMMEDIATE', 'COMMIT'])
    statements.length = 0
    const together = [submission('r3'), submission('r1', 'other'), submission('r4')]
    const outcomes = await Promise.all(together.map(call => write(call, patient)))
    assert.deepEqual(outcomes.map(codeOf), [undefined, 'LF_RUN_EXISTS', undefined])
    const undone = ['ROLLBACK TO operation; RELEASE operation']
    assert.deepEqual(statements, ['BEGIN IMMEDIATE', 'ROLLBACK', 'BEGIN IMMEDIATE', ...undone, 'COMMIT'])
    assert.deepEqual(runs(), ['r1', 'r2', 'r3', 'r4'])
    statements.length = 0
    await write(submission('r5'), patient)
    assert.deepEqual(statements, ['BEGIN IMMEDIATE', 'COMMIT'])
  })

  it('answers with nothing kept when the disk is full, and goes on when it is not any more', async () => {
    const { page_count: pages } = database.writer.prepare('PRAGMA page_count').get() ?? {}
    database.writer.exec(`PRAGMA max_page_count = ${Number(pages)}`)
    const bundle = { name: 'putBundle', now: 1, args: ['hash', new Uint8Array(1_000_000)] } as const
    assert.equal(codeOf(await write(bundle)), 'LF_LEDGER_FULL')
    database.writer.exec('PRAGMA max_page_count = 1000000')
    assert.equal(codeOf(await write(bundle)), undefined)
    assert.equal(sqliteTables(database.reader).bundle('hash')?.byteLength, 1_000_000)
  })

  it('waits until another process has written', async () => {
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const outcome = write(submission('r1'))
    assert.deepEqual(runs(), [])
    other.exec('COMMIT')
    assert.equal(codeOf(await outcome), undefined)
    assert.deepEqual(runs(), ['r1'])
    other.close()
  })

  it('sees what another process has committed since its last transaction', async () => {
    const other = await openDatabase(path, 'incarnation', turn)
    const elsewhere = new GroupCommit(other, turn)
    const claim: OperationCall = { name: 'claim', now: 2, args: ['s1', [{ task: 'r1/main:1/a', claimId: 'c1' }]] }
    await write({ name: 'openSession', now: 1, args: [newSession('s1')] })
    await write(submission('r1'))
    const claimed = tasksIn(await write(claim))
    // The row is remembered now.
    assert.deepEqual(tasksIn(await write(claim)), claimed)
    const result = { outcome: 'done', out: null, limit: null, skipSuccessors: false, error: null } as const
    await write({ name: 'complete', now: 3, args: [claimed[0]!.claim, result] }, elsewhere)
    assert.deepEqual(tasksIn(await write(claim)), [])
    await elsewhere.idle()
    closeDatabase(other)
  })

  it('remembers nothing of what a full disk undid', async () => {
    await write({ name: 'openSession', now: 1, args: [newSession('s1')] })
    await write(submission('r1'))
    const { page_count: pages } = database.writer.prepare('PRAGMA page_count').get() ?? {}
    database.writer.exec(`PRAGMA max_page_count = ${Number(pages)}`)
    const claimAt = (now: number): OperationCall => {
      return { name: 'claim', now, args: ['s1', [{ task: 'r1/main:1/a', claimId: 'c1' }]] }
    }
    const bundle: OperationCall = { name: 'putBundle', now: 1, args: ['hash', new Uint8Array(1_000_000)] }
    // However slow the machine, they share a transaction.
    const still = new GroupCommit(database, { ...turn, clock: { ...systemClock, monotonicMs: () => 0 } })
    const outcomes = await Promise.all([write(claimAt(2), still), write(bundle, still)])
    assert.deepEqual(outcomes.map(codeOf), ['LF_LEDGER_FULL', 'LF_LEDGER_FULL'])
    database.writer.exec('PRAGMA max_page_count = 1000000')
    const [again] = tasksIn(await write(claimAt(5), still))
    assert.equal(again?.task.claimedAt, 5)
  })

  it('gives up after a minute of waiting, and says so', async () => {
    let now = 0
    const hasty = { ...systemClock, monotonicMs: () => (now += 20_000) }
    const impatient = new GroupCommit(database, { ...turn, clock: hasty })
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const outcomes = await Promise.all([write(submission('r1'), impatient), write(submission('r2'), impatient)])
    assert.deepEqual(outcomes.map(codeOf), ['LF_LEDGER_BUSY', 'LF_LEDGER_BUSY'])
    other.exec('ROLLBACK')
    other.close()
    assert.equal(codeOf(await write(submission('r1'), impatient)), undefined)
    await impatient.idle()
  })
})

function tasksIn(outcome: Outcome): ClaimedTask[] {
  assert.ok('value' in outcome)
  return outcome.value as ClaimedTask[]
}

/** Everything that the connection executes from now on. */
function statementsOf(db: DatabaseSync): string[] {
  const statements: string[] = []
  const exec = db.exec.bind(db)
  db.exec = sql => {
    statements.push(sql)
    exec(sql)
  }
  return statements
}

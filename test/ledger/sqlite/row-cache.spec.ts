import assert from 'node:assert/strict'
import type { SessionRecord, TaskRecord } from '../../../src/lease/records.ts'
import { type CacheableTables, withRowCache } from '../../../src/ledger/sqlite/row-cache.ts'

describe('rows remembered in a transaction', () => {
  /** A table of sessions that counts how often it is read. */
  function sessions() {
    const rows = new Map<string, SessionRecord>()
    const seen = { reads: 0 }
    const tables = {
      session(id: string) {
        seen.reads += 1
        return rows.get(id)
      },
      putSession: (session: SessionRecord) => void rows.set(session.id, session),
    } as Partial<CacheableTables> as CacheableTables
    return { rows, seen, ...withRowCache(tables) }
  }
  const session = (beat: number) => ({ id: 's', beat }) as Partial<SessionRecord> as SessionRecord

  it('are read once, also when there is none', () => {
    const { tables, seen } = sessions()
    for (let time = 0; time < 3; time++) assert.equal(tables.session('s'), undefined)
    assert.equal(seen.reads, 1)
  })

  it('are read again when they were written', () => {
    const { tables } = sessions()
    assert.equal(tables.session('s'), undefined)
    tables.putSession(session(1))
    assert.equal(tables.session('s')?.beat, 1)
    tables.putSession(session(2))
    assert.equal(tables.session('s')?.beat, 2)
  })

  it('are remembered by the next transaction unless somebody else has committed something', () => {
    const { tables, rows, begin, seen } = sessions()
    begin(7)
    rows.set('s', session(1))
    assert.equal(tables.session('s')?.beat, 1)
    begin(7)
    assert.equal(tables.session('s')?.beat, 1)
    assert.equal(seen.reads, 1)
    rows.set('s', session(2))
    begin(8)
    assert.equal(tables.session('s')?.beat, 2)
  })

  it('are forgotten when what was written is undone', () => {
    const { tables, rows, begin, forget } = sessions()
    begin(7)
    tables.putSession(session(2))
    assert.equal(tables.session('s')?.beat, 2)
    rows.set('s', session(1))
    forget()
    assert.equal(tables.session('s')?.beat, 1)
  })

  it('are not kept for the next transaction when they are many, since each may have a payload', () => {
    let reads = 0
    const { tables, begin } = withRowCache({
      task(id: string) {
        reads += 1
        return { id }
      },
    } as Partial<CacheableTables> as CacheableTables)
    const readAll = (count: number): void => {
      for (let index = 0; index < count; index++) tables.task(`t${index}`)
    }
    begin(7)
    readAll(100)
    begin(7)
    readAll(101)
    assert.equal(reads, 101)
    begin(7)
    readAll(1)
    assert.equal(reads, 102)
  })

  it('tell of a DAG that it has an open task for as long as one is known, and look again then', () => {
    let looks = 0
    let isOpen = true
    const { tables, forget } = withRowCache({
      putTask() {},
      cancelWaiting() {},
      hasOpenTask: () => ((looks += 1), isOpen),
    } as Partial<CacheableTables> as CacheableTables)
    const own = { run: 'r', dag: 'd' }
    tables.putTask({ ...task('claimed'), ...own })
    assert.equal(tables.hasOpenTask('r', 'd'), true)
    assert.equal(looks, 0)
    assert.equal(tables.hasOpenTask('r', 'other'), true)
    assert.equal(looks, 1)
    isOpen = false
    tables.putTask({ ...task('done'), ...own })
    assert.equal(tables.hasOpenTask('r', 'd'), false)
    for (const end of [() => tables.cancelWaiting('r', 'd', 0), forget]) {
      tables.putTask({ ...task('ready'), ...own })
      assert.equal(tables.hasOpenTask('r', 'd'), true)
      end()
      assert.equal(tables.hasOpenTask('r', 'd'), false)
    }
  })

  it('are known when they were written, and not when many were changed at once', () => {
    const rows = new Map<string, TaskRecord>()
    let reads = 0
    const { tables, forget } = withRowCache({
      task(id: string) {
        reads += 1
        return rows.get(id)
      },
      readyTasks: () => [...rows.values()],
      putTask: (task: TaskRecord) => void rows.set(task.id, task),
      cancelWaiting: () => rows.set('t', task('cancelled')),
    } as Partial<CacheableTables> as CacheableTables)
    rows.set('t', task('ready'))
    assert.equal(tables.readyTasks('q', 0, 1)[0]?.state, 'ready')
    assert.equal(tables.task('t')?.state, 'ready')
    tables.putTask(task('claimed'))
    assert.equal(tables.task('t')?.state, 'claimed')
    assert.equal(reads, 0)
    tables.cancelWaiting('r', 'd', 0)
    assert.equal(tables.task('t')?.state, 'cancelled')
    rows.set('t', task('done'))
    assert.equal(tables.task('t')?.state, 'cancelled')
    forget()
    assert.equal(tables.task('t')?.state, 'done')
    assert.equal(reads, 2)
  })

  it('are known after others have committed something, when a look says that they are held as they were', () => {
    const rows = new Map<string, TaskRecord>()
    const seen = { reads: 0, looks: 0 }
    const { tables, begin } = withRowCache({
      task(id: string) {
        seen.reads += 1
        return rows.get(id)
      },
      isHeldBy({ task: id, epoch, claimId }) {
        seen.looks += 1
        const row = rows.get(id)
        return row?.state === 'claimed' && row.epoch === epoch && row.claimId === claimId
      },
      readyTasks: () => [...rows.values()],
      putTask: (task: TaskRecord) => void rows.set(task.id, task),
    } as Partial<CacheableTables> as CacheableTables)
    begin(1)
    tables.putTask(held(1))
    begin(2)
    for (let time = 0; time < 2; time++) assert.equal(tables.task('t')?.epoch, 1)
    assert.deepEqual(seen, { reads: 0, looks: 1 })
    // Somebody took it, gave it back, and it was claimed anew.
    rows.set('t', held(2))
    begin(3)
    assert.equal(tables.task('t')?.epoch, 2)
    assert.deepEqual(seen, { reads: 1, looks: 2 })
    rows.set('t', { ...held(2), state: 'ready' })
    begin(4)
    assert.equal(tables.readyTasks('q', 0, 1)[0]?.state, 'ready')
    assert.equal(tables.task('t')?.state, 'ready')
    // What is not held may be changed by anybody.
    rows.set('t', held(3))
    begin(5)
    assert.equal(tables.task('t')?.epoch, 3)
    assert.deepEqual(seen, { reads: 2, looks: 2 })
  })

  it('are not kept of what was claimed for others, who end it', () => {
    let looks = 0
    const { tables, begin } = withRowCache({
      task: () => undefined,
      isHeldBy: () => ((looks += 1), true),
      putTask() {},
    } as Partial<CacheableTables> as CacheableTables)
    begin(1)
    tables.putTask({ ...held(1), history: [{ passedBy: 's' }] as TaskRecord['history'] })
    begin(2)
    assert.equal(tables.task('t'), undefined)
    assert.equal(looks, 0)
  })

  it('are not asked for again of a DAG in which no task follows another, until somebody may have added some', () => {
    const asked: string[] = []
    const ask = <Answer>(what: string, answer: Answer) => (asked.push(what), answer)
    let isEdged = false
    const { tables, begin } = withRowCache({
      hasEdges: (run, dag) => ask(`${run} ${dag}`, isEdged),
      inputs: () => ask('inputs', []),
      votesInto: () => ask('votes', [null]),
      untoldSuccessors: () => ask('successors', ['r/d/next']),
      insertTasks: () => void (isEdged = true),
    } as Partial<CacheableTables> as CacheableTables)
    const askAll = () => ['r/d/a', 'r/d/b'].flatMap(id => [tables.votesInto(id), tables.untoldSuccessors(id)]).flat()
    begin(1)
    assert.deepEqual(askAll(), [])
    assert.deepEqual(tables.inputs('r/d/a'), [])
    assert.deepEqual(asked.splice(0), ['r d'])
    begin(2)
    assert.deepEqual(askAll(), [])
    assert.deepEqual(asked.splice(0), ['r d'])
    tables.insertTasks([], [], () => 0)
    assert.deepEqual(askAll(), [null, 'r/d/next', null, 'r/d/next'])
    assert.deepEqual(asked, ['r d', 'votes', 'successors', 'votes', 'successors'])
  })
})

function task(state: TaskRecord['state']): TaskRecord {
  return { id: 't', state } as Partial<TaskRecord> as TaskRecord
}

/** Claimed for the first, second … time. */
function held(epoch: number): TaskRecord {
  return { ...task('claimed'), epoch, claimId: `claim-${epoch}`, history: [] }
}

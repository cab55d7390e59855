import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../src/core/clock.ts'
import type { Ended, Ledger } from '../../src/ledger/ledger.ts'
import { MAX_EDGES_PER_PART, MAX_TASKS_PER_PART } from '../../src/ledger/ledger-limits.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts'
import { Bench, DONE, dagPlan, id, payload, newTools } from './contract/bench.ts'
import { temporaryFolder } from './sqlite/temporary-folder.ts'

const FROM = Array.from({ length: 200 }, (_, index) => `from${index}`)
const TO = Array.from({ length: 120 }, (_, index) => `to${index}`)
/** Each task of the second row after all of the first: few tasks, many edges. */
const DENSE = dagPlan(
  'main',
  [...FROM, ...TO],
  TO.flatMap(to => FROM.map(from => `${from}>${to}`)),
)
const PER_PART = MAX_EDGES_PER_PART / FROM.length
const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const

type Open = () => Promise<{ ledger: Ledger; remove: () => Promise<void> }>

const LEDGERS: Record<string, Open> = {
  memory: async () => ({ ledger: openMemoryLedger(newTools()), remove: async () => {} }),
  SQLite: async () => {
    const { path, remove } = await temporaryFolder()
    const { random } = newTools()
    return {
      ledger: await openSqliteLedger({ path: `${path}/ledger.sqlite`, clock: systemClock, random, create: true }),
      remove,
    }
  },
}

for (const [kind, open] of Object.entries(LEDGERS)) {
  describe(`what one transaction writes of a large DAG (${kind})`, () => {
    let bench: Bench
    let remove: () => Promise<void>

    beforeEach(async () => {
      const opened = await open()
      remove = opened.remove
      bench = new Bench(opened.ledger, newTools())
      await bench.session('s')
    })

    afterEach(async () => {
      await bench.ledger.close()
      await remove()
    })

    async function unwritten(run: string): Promise<number> {
      return (await bench.ledger.dags(run)).reduce((sum, dag) => sum + (dag.unwritten?.tasks ?? 0), 0)
    }

    it('is bounded by edges, not only by tasks', async () => {
      await bench.submit('r', [DENSE])
      assert.equal(await unwritten('r'), TO.length - PER_PART)
      await bench.write()
      assert.deepEqual(await bench.ledger.taskCounts('r'), { ready: FROM.length, blocked: TO.length })
    })

    it('is of a run that goes on rather than of one that was stopped before', async () => {
      await bench.submit('stopped', [DENSE])
      await bench.submit('live', [DENSE])
      await bench.ledger.stopRun('stopped', STOP)
      await bench.ledger.settle(1)
      const left = TO.length - PER_PART
      assert.deepEqual([await unwritten('stopped'), await unwritten('live')], [left, left - 4 * PER_PART])
      await bench.write()
      assert.deepEqual([await unwritten('stopped'), await bench.runState('stopped')], [0, 'stopped'])
    })

    it('may end the DAG and its run, of which whoever wrote it is told', async () => {
      const ended: Ended[] = []
      await bench.submit('stopped', [DENSE])
      await bench.submit('live', [DENSE])
      await bench.ledger.stopRun('stopped', STOP)
      while ((await bench.ledger.settle(100, undefined, each => ended.push(each))) > 0);
      assert.deepEqual(ended, [{ run: 'stopped', dagEnded: 'main:1', runEnded: 'stopped' }])
    })

    it('is of the run that is asked for', async () => {
      await bench.submit('first', [DENSE])
      await bench.submit('second', [DENSE])
      while ((await bench.ledger.settle(100, 'second')) > 0);
      assert.deepEqual([await unwritten('first'), await unwritten('second')], [TO.length - PER_PART, 0])
    })

    it('is told what its predecessor says that was made again, not what that said before', async () => {
      const names = Array.from({ length: MAX_TASKS_PER_PART + 1 }, (_, index) => `t${index}`)
      const last = names[MAX_TASKS_PER_PART] as string
      await bench.submit('r', [dagPlan('main', names, ['t0>t1', `t0>${last}`])])
      const stopped = { outcome: 'stopped', out: payload('first', ['far']) } as const
      await bench.run('s', id('r', 't0'), { ...stopped, skipSuccessors: false })
      const { claim, inputs } = await bench.claim('s', id('r', 't1'))
      const lost = inputs.map(({ task, epoch }) => ({ task, epoch }))
      await bench.ledger.loseInputs(claim, { inputs: lost, error: { code: 'LF_PAYLOAD_LOST', message: 'It is gone.' } })
      await bench.run('s', id('r', 't0'), { ...stopped, skipSuccessors: true })
      await bench.write()
      assert.equal(await bench.state(id('r', last)), 'skipped')
    })

    it('is told by all that ended before, also when only some were there', async () => {
      await bench.submit('r', [DENSE])
      for (const name of FROM.slice(1)) await bench.run('s', id('r', name))
      await bench.write()
      assert.equal(await bench.state(id('r', 'to0')), 'blocked')
      await bench.run('s', id('r', 'from0'))
      assert.deepEqual(await bench.ledger.taskCounts('r'), { done: FROM.length, ready: TO.length })
    })
  })
}

describe('a large DAG of which the ledger has lost something', () => {
  let ledger: Ledger
  let bench: Bench
  let path: string
  let remove: () => Promise<void>

  beforeEach(async () => {
    const folder = await temporaryFolder()
    path = `${folder.path}/ledger.sqlite`
    ledger = await openSqliteLedger({ path, clock: systemClock, random: newTools().random, create: true })
    bench = new Bench(ledger, newTools())
    remove = folder.remove
  })

  afterEach(async () => {
    await ledger.close()
    await remove()
  })

  const lose = (sql: string): void => {
    const file = new DatabaseSync(path)
    file.exec(sql)
    file.close()
  }

  for (const [what, sql] of [
    ['a part', `DELETE FROM blueprint_parts WHERE run = 'broken' AND part = 2`],
    ['the bytes of a part', `UPDATE blueprint_parts SET doc = x'c1c1' WHERE run = 'broken' AND part = 2`],
    ['its blueprint', `DELETE FROM blueprints WHERE run = 'broken'`],
  ] as const) {
    it(`fails with that, and the others are written: ${what}`, async () => {
      await bench.session('s')
      await bench.submit('broken', [DENSE])
      await bench.submit('r', [DENSE])
      const { claim } = await bench.claim('s', id('broken', 'from0'))
      lose(sql)
      await bench.write()
      const { stop } = (await ledger.runHead('broken')) ?? {}
      assert.deepEqual([stop?.reason, stop?.error?.code], ['failed', 'LF_DAG_DAMAGED'])
      assert.match(`${stop?.error?.message} ${stop?.error?.hint}`, /cannot be read.*lf doctor/s)
      assert.deepEqual(await ledger.taskCounts('r'), { ready: FROM.length, blocked: TO.length })
      await ledger.complete(claim, DONE)
      assert.equal((await ledger.runHead('broken'))?.state, 'failed')
      assert.deepEqual(
        (await ledger.dags('broken')).map(({ state, unwritten }) => [state, unwritten]),
        [['failed', undefined]],
      )
    })
  }

  it('ends as well when it was stopped before', async () => {
    await bench.submit('broken', [DENSE])
    await ledger.stopRun('broken', STOP)
    lose('DELETE FROM blueprint_parts')
    await bench.write()
    assert.equal((await ledger.runHead('broken'))?.state, 'stopped')
  })
})

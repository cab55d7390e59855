import assert from 'node:assert/strict'
import { systemClock } from '../../src/core/clock.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { MAX_EDGES_PER_PART } from '../../src/ledger/ledger-limits.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts'
import { Bench, dagPlan, id, newTools } from './contract/bench.ts'
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

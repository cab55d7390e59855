import assert from 'node:assert/strict'
import type { AttemptResult, Completion } from '../../../src/ledger/ledger.ts'
import { MAX_TASKS_PER_PART } from '../../../src/ledger/ledger-limits.ts'
import { dagPlan, id, type Bench } from './bench.ts'

/** More than is written with the start of a DAG, wherever it is written in parts. */
const COUNT = 2 * MAX_TASKS_PER_PART + 300
const NAMES = Array.from({ length: COUNT }, (_, index) => `t${index}`)
/** In the last part. */
const LAST = NAMES[COUNT - 1] as string
const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const

export function describeLargeDags(bench: () => Bench): void {
  describe('a DAG that is too large for one transaction', () => {
    beforeEach(() => bench().session('s'))

    it('is all there for who looks, before it is written and after', async () => {
      const { ledger } = bench()
      const run = await bench().submit('r', [dagPlan('main', NAMES, [`t0>${LAST}`])])
      assert.deepEqual((await ledger.run('r'))?.plan, run.plan)
      for (const isWritten of [false, true]) {
        if (isWritten) await bench().write()
        const tasks = await ledger.tasks('r', 'main:1')
        assert.deepEqual(
          tasks.map(({ name }) => name),
          NAMES,
        )
        assert.equal(tasks.at(-1)?.state, 'blocked')
        assert.equal(total(await ledger.taskCounts('r')), COUNT)
        assert.deepEqual(
          (await ledger.dagProgress('r')).map(({ dag, counts }) => [dag, total(counts)]),
          [['main:1', COUNT]],
        )
        assert.deepEqual(new Set((await ledger.taskStates('r', 'main:1')).map(each => each.id)), new Set(ids(tasks)))
        assert.equal((await ledger.run('r'))?.state, 'running')
      }
      assert.deepEqual(await ledger.taskCounts('r'), { ready: COUNT - 1, blocked: 1 })
      assert.equal((await ledger.dags('r'))[0]?.unwritten, undefined)
    })

    it('begins before all of it is written, and in the order of its definition', async () => {
      const { ledger } = bench()
      await bench().submit('r', [dagPlan('main', NAMES)])
      assert.equal((await bench().readyIds())[0], id('r', 't0'))
      await bench().run('s', id('r', 't0'))
      await bench().write()
      const { tasks } = await ledger.peekReady(['task'], 3)
      assert.deepEqual(ids(tasks), [id('r', 't1'), id('r', 't2'), id('r', 't3')])
    })

    it('tells a successor that is written late what its predecessor let happen', async () => {
      await bench().submit('r', [
        dagPlan('main', NAMES, [
          `t0>${LAST}`,
          `t1>${late(2)}`,
          `t2>${late(3)}`,
          `t3>${late(4)}`,
          `${late(3)}>${late(5)}`,
        ]),
      ])
      const stopped = { outcome: 'stopped' } as const
      await bench().run('s', id('r', 't0'))
      await bench().run('s', id('r', 't1'), { limit: [] })
      await bench().run('s', id('r', 't2'), { ...stopped, skipSuccessors: true })
      await bench().run('s', id('r', 't3'), { ...stopped, skipSuccessors: false })
      await bench().write()
      const states = await bench().states('r')
      const told = [LAST, late(2), late(3), late(4), late(5)].map(name => states[name])
      assert.deepEqual(told, ['ready', 'skipped', 'skipped', 'ready', 'skipped'])
    })

    it('tells it as well when it ends after that was written', async () => {
      await bench().submit('r', [dagPlan('main', NAMES, [`t0>${LAST}`, `t1>${LAST}`])])
      await bench().run('s', id('r', 't0'), { limit: [] })
      await bench().write()
      assert.equal(await bench().state(id('r', LAST)), 'blocked')
      await bench().run('s', id('r', 't1'))
      const { inputs } = await bench().claim('s', id('r', LAST))
      assert.deepEqual([await bench().state(id('r', LAST)), inputs], ['claimed', []])
    })

    it('waits for a predecessor that is defined after it', async () => {
      await bench().submit('r', [dagPlan('main', NAMES, [`${LAST}>t0`, 't1>t0'])])
      await bench().run('s', id('r', 't1'))
      assert.equal(await bench().state(id('r', 't0')), 'blocked')
      await bench().write()
      assert.equal(await bench().state(id('r', 't0')), 'blocked')
      await bench().run('s', id('r', LAST))
      assert.equal(await bench().state(id('r', 't0')), 'ready')
    })

    it('has not ended when all that is written has', async () => {
      const edges = NAMES.slice(1, MAX_TASKS_PER_PART).map(name => `t0>${name}`)
      await bench().submit('r', [dagPlan('main', NAMES, edges)])
      const { runEnded } = await bench().run('s', id('r', 't0'), { limit: [] })
      assert.deepEqual([runEnded, await bench().runState('r')], [null, 'running'])
      await bench().write()
      assert.deepEqual(await bench().ledger.taskCounts('r'), {
        done: 1,
        skipped: MAX_TASKS_PER_PART - 1,
        ready: COUNT - MAX_TASKS_PER_PART,
      })
    })

    it('ends with the writing when that leaves nothing open', async () => {
      const { ledger } = bench()
      await bench().submit('r', [dagPlan('main', NAMES, chainOf(NAMES))])
      await bench().run('s', id('r', 't0'), { limit: [] })
      await bench().write()
      assert.deepEqual(await ledger.taskCounts('r'), { done: 1, skipped: COUNT - 1 })
      assert.deepEqual([(await ledger.dags('r'))[0]?.state, await bench().runState('r')], ['succeeded', 'succeeded'])
    })

    it('is cancelled whole when its run stops, and can be tried again', async () => {
      const { ledger } = bench()
      await bench().submit('r', [dagPlan('main', NAMES, [`t0>${LAST}`])])
      await bench().run('s', id('r', 't0'))
      await ledger.stopRun('r', STOP)
      assert.equal((await ledger.tasks('r')).at(-1)?.state, 'cancelled')
      assert.deepEqual(await ledger.taskCounts('r'), { done: 1, cancelled: COUNT - 1 })
      await bench().write()
      assert.deepEqual(await ledger.taskCounts('r'), { done: 1, cancelled: COUNT - 1 })
      assert.equal(await bench().runState('r'), 'stopped')
      assert.deepEqual(await bench().readyIds(), [])
      await bench().submit('again', [dagPlan('main', NAMES, [`t0>${LAST}`])], { retryOf: 'r' })
      await bench().write()
      assert.deepEqual(await ledger.taskCounts('again'), { done: 1, ready: COUNT - 1 })
      const { inputs } = await bench().claim('s', id('again', LAST))
      assert.deepEqual(inputs, [])
    })

    it('is cancelled whole when one of its tasks fails', async () => {
      await bench().submit('r', [dagPlan('main', NAMES)])
      await bench().run('s', id('r', 't0'), FAILED)
      await bench().write()
      assert.deepEqual(await bench().ledger.taskCounts('r'), { failed: 1, cancelled: COUNT - 1 })
      assert.equal(await bench().runState('r'), 'failed')
    })

    it('may be a copy that a task starts, beside others', async () => {
      const { ledger } = bench()
      const dags = [dagPlan('main', ['a']), dagPlan('sub', NAMES, [`t0>${LAST}`], false)]
      await bench().submit('r', dags)
      const { claim } = await bench().claim('s', id('r', 'a'))
      const names = [
        await ledger.startDag({ claim, blueprint: 'sub', starterKey: '1', data: null }),
        await ledger.startDag({ claim, blueprint: 'sub', starterKey: '2', data: null }),
      ]
      assert.deepEqual(names, ['sub:1', 'sub:2'])
      await bench().write()
      for (const name of names) {
        const tasks = await ledger.tasks('r', name)
        assert.deepEqual(
          tasks.map(task => task.name),
          NAMES,
        )
        const { runEnded }: Completion = await bench().run('s', `r/${name}/t0`)
        assert.equal(runEnded, null)
        assert.equal(await bench().state(`r/${name}/${LAST}`), 'ready')
      }
    })
  })
}

const FAILED: Partial<AttemptResult> = { outcome: 'failed', error: { code: 'X', message: 'It broke.' } }

/** A task of the last part, counted from the end. */
function late(place: number): string {
  return NAMES[COUNT - place] as string
}

function chainOf(names: readonly string[]): string[] {
  return names.slice(1).map((name, index) => `${names[index]}>${name}`)
}

function ids(tasks: readonly { id: string }[]): string[] {
  return tasks.map(({ id }) => id)
}

function total(counts: Partial<Record<string, number>>): number {
  return Object.values(counts).reduce<number>((sum, count = 0) => sum + count, 0)
}

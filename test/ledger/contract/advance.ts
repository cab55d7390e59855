import assert from 'node:assert/strict'
import type { AttemptResult } from '../../../src/ledger/ledger.ts'
import { dagPlan, id, payload, type Bench } from './bench.ts'

export function describeAdvance(bench: () => Bench): void {
  describe('joins', () => {
    const orders = [
      ['a', 'b', 'c'],
      ['c', 'a', 'b'],
      ['b', 'c', 'a'],
    ]
    for (const order of orders) {
      it(`become ready when the last predecessor is done, in the order ${order.join(', ')}`, async () => {
        await bench().session('s')
        await bench().submit('r', [dagPlan('main', ['a', 'b', 'c', 'join'], ['a>join:first', 'b>join', 'c>join:last'])])
        for (const [index, name] of order.entries()) {
          assert.equal(await bench().state(id('r', 'join')), 'blocked')
          const { ready } = await bench().run('s', id('r', name), { out: payload(name) })
          const expected = index === 2 ? [id('r', 'join')] : []
          assert.deepEqual(
            ready.map(({ id }) => id),
            expected,
          )
        }
        const { inputs } = await bench().claim('s', id('r', 'join'))
        assert.deepEqual(
          inputs.map(({ task, slot }) => [task, slot]),
          [
            ['a', 'first'],
            ['b', null],
            ['c', 'last'],
          ],
        )
      })
    }

    it('advance at once when all predecessors are done together', async () => {
      const { ledger } = bench()
      const names = Array.from({ length: 200 }, (_, index) => `t${index}`)
      await bench().session('s', { capacity: 500 })
      const edges = names.flatMap(name => [`start>${name}`, `${name}>end`])
      await bench().submit('r', [dagPlan('main', ['start', ...names, 'end'], edges)])
      const { ready } = await bench().run('s', id('r', 'start'))
      assert.deepEqual(ready.map(({ id }) => id).sort(), names.map(name => id('r', name)).sort())
      const claims = await ledger.claim(
        's',
        names.map(name => ({ task: id('r', name), claimId: bench().nextClaimId() })),
      )
      assert.equal(claims.length, 200)
      const result: AttemptResult = {
        outcome: 'done',
        out: payload('x'),
        limit: null,
        skipSuccessors: true,
        error: null,
      }
      const completions = await Promise.all(claims.map(({ claim }) => ledger.complete(claim, result)))
      assert.equal(completions.filter(({ ready }) => ready.length > 0).length, 1)
      const { inputs, claim } = await bench().claim('s', id('r', 'end'))
      assert.deepEqual(
        inputs.map(({ task }) => task),
        names,
      )
      const { dagEnded, runEnded } = await ledger.complete(claim, result)
      assert.deepEqual([dagEnded, runEnded], ['main:1', 'succeeded'])
      assert.deepEqual(await ledger.taskCounts('r'), { done: 202 })
    })
  })

  describe('skip rules', () => {
    const cases: {
      name: string
      first: Partial<AttemptResult>
      successor?: { forceRun?: boolean; propagateSkip?: boolean }
      next: string
      after: string
    }[] = [
      { name: 'runs all without a limit', first: { limit: null }, next: 'ready', after: 'blocked' },
      { name: 'runs what the limit names', first: { limit: ['next'] }, next: 'ready', after: 'blocked' },
      { name: 'skips what the limit leaves out', first: { limit: ['x'] }, next: 'skipped', after: 'skipped' },
      { name: 'skips everything with an empty limit', first: { limit: [] }, next: 'skipped', after: 'skipped' },
      {
        name: 'runs a forced task that the limit leaves out',
        first: { limit: [] },
        successor: { forceRun: true },
        next: 'ready',
        after: 'blocked',
      },
      {
        name: 'runs what follows a skipped task that keeps the skip to itself',
        first: { limit: [] },
        successor: { propagateSkip: false },
        next: 'skipped',
        after: 'ready',
      },
      {
        name: 'skips what follows a stopped task',
        first: { outcome: 'stopped', skipSuccessors: true },
        next: 'skipped',
        after: 'skipped',
      },
      {
        name: 'runs what follows a stopped task that lets its successors run',
        first: { outcome: 'stopped', skipSuccessors: false },
        next: 'ready',
        after: 'blocked',
      },
      {
        name: 'runs a forced task after a stopped one',
        first: { outcome: 'stopped', skipSuccessors: true },
        successor: { forceRun: true },
        next: 'ready',
        after: 'blocked',
      },
    ]
    for (const { name, first, successor = {}, next, after } of cases) {
      it(name, async () => {
        await bench().session('s')
        const tasks = ['first', { name: 'next', ...successor }, 'after']
        await bench().submit('r', [dagPlan('main', tasks, ['first>next', 'next>after'])])
        await bench().run('s', id('r', 'first'), first)
        const states = await bench().states('r')
        assert.deepEqual([states.next, states.after], [next, after])
      })
    }

    it('lets a join run when one lane is live, with the datasets of the live lanes', async () => {
      await bench().session('s')
      const edges = ['start>a', 'start>b', 'start>c', 'a>join', 'b>join', 'c>join']
      await bench().submit('r', [dagPlan('main', ['start', 'a', 'b', 'c', 'join'], edges)])
      await bench().run('s', id('r', 'start'), { limit: ['b'] })
      assert.deepEqual(await bench().states('r'), {
        start: 'done',
        a: 'skipped',
        b: 'ready',
        c: 'skipped',
        join: 'blocked',
      })
      await bench().run('s', id('r', 'b'), { out: payload('b') })
      const { inputs } = await bench().claim('s', id('r', 'join'))
      assert.deepEqual(inputs, [{ task: 'b', slot: null, payload: payload('b'), epoch: 1 }])
    })

    it('gives a join the data of every predecessor that ran, also of one whose limit left it out', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'join'], ['a>join', 'b>join'])])
      await bench().run('s', id('r', 'a'), { limit: [], out: payload('a') })
      await bench().run('s', id('r', 'b'), { out: payload('b') })
      const { inputs } = await bench().claim('s', id('r', 'join'))
      assert.deepEqual(
        inputs.map(({ task }) => task),
        ['a', 'b'],
      )
    })

    it('waits for all predecessors, also where the task is forced', async () => {
      await bench().session('s')
      const tasks = ['a', 'b', { name: 'join', forceRun: true }]
      await bench().submit('r', [dagPlan('main', tasks, ['a>join', 'b>join'])])
      await bench().run('s', id('r', 'a'), { limit: [] })
      assert.equal(await bench().state(id('r', 'join')), 'blocked')
      await bench().run('s', id('r', 'b'), { limit: [] })
      const { inputs, start } = await bench().claim('s', id('r', 'join'))
      assert.deepEqual([inputs, start], [[], null])
    })

    it('skips a long chain in one step and ends the run', async () => {
      const length = 5000
      const names = Array.from({ length }, (_, index) => `t${index}`)
      const edges = names.slice(1).map((name, index) => `t${index}>${name}`)
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', names, edges)])
      await bench().write()
      const { runEnded } = await bench().run('s', id('r', 't0'), { limit: [] })
      assert.equal(runEnded, 'succeeded')
      assert.deepEqual(await bench().ledger.taskCounts('r'), { done: 1, skipped: length - 1 })
    })
  })
}

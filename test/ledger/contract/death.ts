import assert from 'node:assert/strict'
import { LOCK_DELAY_MS } from '../../../src/lease/lease-limits.ts'
import type { Effect } from '../../../src/workflow/plan.ts'
import { DONE, dagPlan, id, refused, type Bench } from './bench.ts'

const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const

export function describeDeath(bench: () => Bench): void {
  const oneTask = (effect: Effect) => [dagPlan('main', [{ name: 'a', effect }, 'b'], ['a>b'])]

  describe('burial', () => {
    it('leaves the tasks of the living alone', async () => {
      await bench().session('s')
      await bench().submit('r', oneTask('pure'))
      const { claim } = await bench().claim('s', id('r', 'a'))
      assert.deepEqual(await bench().ledger.reclaim(10), [])
      assert.deepEqual(await bench().ledger.verify([claim]), ['current'])
    })

    it('invalidates the claims of the dead before they are taken over', async () => {
      await bench().session('s')
      await bench().submit('r', oneTask('pure'))
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().kill('s')
      assert.deepEqual(await bench().ledger.verify([claim]), ['lost'])
    })

    it('puts what is taken over back at its place in the line, before what became ready later', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', oneTask('pure'))
      await bench().claim('s', id('r', 'a'))
      bench().clock.advance(10)
      await bench().submit('later', oneTask('pure'))
      await bench().kill('s')
      await ledger.reclaim(10)
      const { tasks } = await ledger.peekReady(['task'], 10)
      assert.deepEqual(
        tasks.map(task => task.id),
        [id('r', 'a'), id('later', 'a')],
      )
    })

    it('accepts what a buried session has done when nobody took over yet', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', oneTask('pure'))
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().kill('s', 'silence')
      assert.equal((await ledger.complete(claim, DONE)).accepted, true)
      assert.deepEqual(await ledger.reclaim(10), [])
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'ready' })
    })

    it('discards what a buried session has done after its task was taken over', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', oneTask('pure'))
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().kill('s', 'silence')
      await ledger.reclaim(10)
      assert.equal((await ledger.complete(claim, DONE)).accepted, false)
      await refused(ledger.storeWrite(claim, { kind: 'set', section: 'data', path: 'x', value: 1 }), 'LF_CLAIM_LOST')
      await bench().session('t')
      const next = await bench().claim('t', id('r', 'a'))
      assert.equal((await ledger.complete(claim, DONE)).accepted, false)
      assert.deepEqual(await ledger.verify([next.claim]), ['current'])
    })

    it('takes a task away once, whoever asks', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', oneTask('pure'))
      await bench().claim('s', id('r', 'a'))
      await bench().kill('s')
      const reclaimed = (await Promise.all([1, 2, 3].map(() => ledger.reclaim(10)))).flat()
      assert.deepEqual(reclaimed, [{ task: id('r', 'a'), run: 'r', from: 's', state: 'ready', queue: 'task' }])
      const task = await ledger.task(id('r', 'a'))
      assert.deepEqual([task?.epoch, task?.deaths, task?.attempts, task?.owner], [2, 1, 1, null])
      assert.equal(task?.history[0]?.end, 'owner-died')
    })

    it('takes away no more than asked for, and the rest next time', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'c'])])
      for (const name of ['a', 'b', 'c']) await bench().claim('s', id('r', name))
      await bench().kill('s')
      assert.equal((await ledger.reclaim(2)).length, 2)
      assert.equal((await ledger.reclaim(2)).length, 1)
      assert.equal((await ledger.reclaim(2)).length, 0)
    })

    it('also takes away what was claimed by a session that nobody remembers', async () => {
      const { ledger, clock } = bench()
      await bench().session('s')
      await bench().submit('r', oneTask('pure'))
      await bench().claim('s', id('r', 'a'))
      await bench().kill('s')
      clock.advance(1_000_000_000)
      await bench().session('t')
      assert.deepEqual(
        (await ledger.sessions(0)).map(({ id }) => id),
        ['t'],
      )
      assert.equal((await ledger.reclaim(10))[0]?.from, 's')
    })
  })

  describe('effect classes', () => {
    const cases: { effect: Effect; proof: 'lock' | 'silence' | 'left'; state: string; delayMs: number }[] = [
      { effect: 'pure', proof: 'silence', state: 'ready', delayMs: 0 },
      { effect: 'pure', proof: 'lock', state: 'ready', delayMs: 0 },
      { effect: 'idempotent', proof: 'silence', state: 'ready', delayMs: LOCK_DELAY_MS },
      { effect: 'idempotent', proof: 'lock', state: 'ready', delayMs: 0 },
      { effect: 'idempotent', proof: 'left', state: 'ready', delayMs: 0 },
      { effect: 'exclusive', proof: 'silence', state: 'lost', delayMs: 0 },
      { effect: 'exclusive', proof: 'lock', state: 'lost', delayMs: 0 },
      { effect: 'exclusive', proof: 'left', state: 'lost', delayMs: 0 },
    ]
    for (const { effect, proof, state, delayMs } of cases) {
      const then = state === 'ready' ? `ready ${delayMs === 0 ? 'at once' : 'after the lock delay'}` : state
      it(`makes an ${effect} task ${then} after death by ${proof}`, async () => {
        const { ledger, clock } = bench()
        await bench().session('s')
        await bench().session('t')
        await bench().submit('r', oneTask(effect))
        await bench().claim('s', id('r', 'a'))
        if (proof === 'left') await ledger.closeSession('s')
        else await bench().kill('s', proof)
        const [reclaimed] = await ledger.reclaim(10)
        assert.equal(reclaimed?.state, state)
        assert.equal(await bench().isWon('t', id('r', 'a')), state === 'ready' && delayMs === 0)
        clock.advance(LOCK_DELAY_MS)
        if (delayMs > 0) assert.equal(await bench().isWon('t', id('r', 'a')), true)
        assert.equal(await bench().runState('r'), 'running')
      })
    }

    it('quarantines a task that was held by three sessions when they died', async () => {
      const { ledger } = bench()
      await bench().submit('r', oneTask('pure'))
      const states = []
      for (const session of ['s1', 's2', 's3']) {
        await bench().session(session)
        await bench().claim(session, id('r', 'a'))
        await bench().kill(session)
        states.push((await ledger.reclaim(10))[0]?.state)
      }
      assert.deepEqual(states, ['ready', 'ready', 'failed'])
      assert.equal((await ledger.task(id('r', 'a')))?.error?.code, 'LF_TASK_QUARANTINED')
      assert.equal(await bench().runState('r'), 'failed')
      assert.deepEqual(await bench().states('r'), { a: 'failed', b: 'cancelled' })
    })

    it('keeps how many deaths a task allows', async () => {
      const { ledger } = bench()
      for (const [run, maxDeaths] of [
        ['once', 1],
        ['ever', null],
      ] as const) {
        await bench().submit(run, [dagPlan('main', [{ name: 'a', effect: 'pure', maxDeaths }])])
      }
      for (const session of ['s1', 's2', 's3', 's4']) {
        await bench().session(session)
        for (const run of session === 's1' ? ['once', 'ever'] : ['ever']) await bench().claim(session, id(run, 'a'))
        await bench().kill(session)
        await ledger.reclaim(10)
      }
      assert.equal((await ledger.task(id('once', 'a')))?.state, 'failed')
      const { state, deaths } = (await ledger.task(id('ever', 'a'))) ?? {}
      assert.deepEqual([state, deaths], ['ready', 4])
    })

    it('cancels the tasks of the dead when the run is stopping, and so ends it', async () => {
      await bench().session('s')
      await bench().submit('r', oneTask('exclusive'))
      await bench().claim('s', id('r', 'a'))
      await bench().ledger.stopRun('r', STOP)
      await bench().kill('s')
      assert.equal((await bench().ledger.reclaim(10))[0]?.state, 'cancelled')
      assert.equal(await bench().runState('r'), 'stopped')
    })
  })

  describe('lost tasks', () => {
    async function loseTask() {
      await bench().session('s')
      await bench().session('t')
      await bench().submit('r', oneTask('exclusive'))
      await bench().claim('s', id('r', 'a'))
      await bench().kill('s')
      await bench().ledger.reclaim(10)
    }

    it('run again when an operator says so', async () => {
      await loseTask()
      assert.equal(await bench().ledger.resolve(id('r', 'a'), 'run-again', 'me'), true)
      assert.equal(await bench().ledger.resolve(id('r', 'a'), 'run-again', 'me'), false)
      await bench().run('t', id('r', 'a'))
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'ready' })
    })

    it('fail their run when an operator gives them up', async () => {
      await loseTask()
      assert.equal(await bench().ledger.resolve(id('r', 'a'), 'give-up', 'me'), true)
      assert.equal(await bench().runState('r'), 'failed')
      await refused(bench().ledger.resolve('r/main:1/nothing', 'give-up', 'me'), 'LF_UNKNOWN_TASK')
    })

    it('are cancelled when their run is stopped', async () => {
      await loseTask()
      await bench().ledger.stopRun('r', STOP)
      assert.deepEqual(await bench().states('r'), { a: 'cancelled', b: 'cancelled' })
      assert.equal(await bench().runState('r'), 'stopped')
    })
  })
}

import assert from 'node:assert/strict'
import { MAX_REMAKES_PER_TASK } from '../../../src/lease/lease-limits.ts'
import type { Claim } from '../../../src/lease/records.ts'
import type { ClaimedTask, Completion } from '../../../src/ledger/ledger.ts'
import type { Effect } from '../../../src/workflow/plan.ts'
import { DONE, dagPlan, id, payload, stale, type Bench } from './bench.ts'

const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const
const ERROR = { code: 'LF_PAYLOAD_LOST', message: 'The payload cannot be had from anybody (far: gone).' }

export function describeLostInputs(bench: () => Bench): void {
  const made = (text: string) => payload(text, ['far'])

  /** `a` is done, and its consumers are ready. */
  async function afterMaking(consumers: string[], effect: Effect = 'idempotent'): Promise<void> {
    await bench().session('s', { capacity: 100 })
    const edges = consumers.map(name => `a>${name}`)
    await bench().submit('r', [dagPlan('main', [{ name: 'a', effect }, ...consumers], edges)])
    await bench().run('s', id('r', 'a'), { out: made('first') })
  }

  function loses({ claim, inputs }: Pick<ClaimedTask, 'claim' | 'inputs'>, names = ['a']): Promise<Completion> {
    const lost = inputs.filter(({ task }) => names.includes(task)).map(({ task, epoch }) => ({ task, epoch }))
    return bench().ledger.loseInputs(claim, { inputs: lost, error: ERROR })
  }

  const inputOf = ({ inputs }: ClaimedTask) => inputs.map(({ payload: { hash } }) => hash)

  describe('an input that nobody has any more', () => {
    it('is made again, and the task that needs it waits for that', async () => {
      await afterMaking(['b'])
      const lost = await loses(await bench().claim('s', id('r', 'b')))
      assert.deepEqual([lost.accepted, lost.state, lost.ready.map(({ id }) => id)], [true, 'blocked', [id('r', 'a')]])
      assert.deepEqual(await bench().states('r'), { a: 'ready', b: 'blocked' })
      const again = await bench().run('s', id('r', 'a'), { out: made('second') })
      assert.deepEqual(
        again.ready.map(({ id }) => id),
        [id('r', 'b')],
      )
      const next = await bench().claim('s', id('r', 'b'))
      assert.deepEqual(inputOf(next), ['hash-of-second'])
      assert.equal((await bench().ledger.complete(next.claim, DONE)).runEnded, 'succeeded')
    })

    it('costs the task that needs it no attempt, and the one that makes it none of its retries', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', [{ name: 'a', retries: 1 }, 'b'], ['a>b'])])
      await bench().run('s', id('r', 'a'), { outcome: 'failed' })
      await bench().run('s', id('r', 'a'), { out: made('first') })
      await loses(await bench().claim('s', id('r', 'b')))
      await bench().run('s', id('r', 'a'), { outcome: 'failed' })
      await bench().run('s', id('r', 'a'), { out: made('second') })
      const { task } = await bench().claim('s', id('r', 'b'))
      assert.deepEqual([task.attempts, task.failures, task.history.map(({ end }) => end)], [1, 0, ['released', null]])
    })

    it('is made again once when two find the loss at the same time', async () => {
      await afterMaking(['b', 'c'])
      const claimed = [await bench().claim('s', id('r', 'b')), await bench().claim('s', id('r', 'c'))]
      const answers = await Promise.all(claimed.map(one => loses(one)))
      assert.deepEqual(
        answers.map(({ accepted, state }) => [accepted, state]),
        [
          [true, 'blocked'],
          [true, 'blocked'],
        ],
      )
      assert.deepEqual(await bench().states('r'), { a: 'ready', b: 'blocked', c: 'blocked' })
      assert.equal((await bench().ledger.task(id('r', 'a')))?.remade?.times, 1)
      const { ready } = await bench().run('s', id('r', 'a'), { out: made('second') })
      assert.deepEqual(ready.map(({ id }) => id).sort(), [id('r', 'b'), id('r', 'c')])
    })

    it('is not made a third time for one who looked at the first while the second was made', async () => {
      await afterMaking(['b', 'c'])
      const slow = await bench().claim('s', id('r', 'c'))
      await loses(await bench().claim('s', id('r', 'b')))
      await bench().run('s', id('r', 'a'), { out: made('first') })
      const late = await loses(slow)
      assert.deepEqual([late.accepted, late.state, late.ready.map(({ id }) => id)], [true, 'ready', [id('r', 'c')]])
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'ready', c: 'ready' })
    })

    it('is waited for by one who finds the loss while it is being made', async () => {
      await afterMaking(['b', 'c'])
      const slow = await bench().claim('s', id('r', 'c'))
      await loses(await bench().claim('s', id('r', 'b')))
      const { claim } = await bench().claim('s', id('r', 'a'))
      assert.equal((await loses(slow)).state, 'blocked')
      await bench().ledger.complete(claim, { ...DONE, out: made('second') })
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'ready', c: 'ready' })
      assert.deepEqual(inputOf(await bench().claim('s', id('r', 'c'))), ['hash-of-second'])
    })

    it('is waited for by those who would have been next to look for it', async () => {
      await afterMaking(['b', 'c'])
      await loses(await bench().claim('s', id('r', 'b')))
      assert.equal(await bench().isWon('s', id('r', 'c')), false)
      assert.deepEqual(await bench().states('r'), { a: 'ready', b: 'blocked', c: 'blocked' })
      await bench().run('s', id('r', 'a'), { out: made('second') })
      assert.deepEqual(inputOf(await bench().claim('s', id('r', 'c'))), ['hash-of-second'])
    })

    it('does not let those run again that are done, and leaves their predecessors\u2019 votes alone', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'c', 'd'], ['a>b', 'a>c', 'a>d'])])
      await bench().run('s', id('r', 'a'), { out: made('first'), limit: ['b', 'c'] })
      await bench().run('s', id('r', 'b'))
      await loses(await bench().claim('s', id('r', 'c')))
      await bench().run('s', id('r', 'a'), { out: made('second'), limit: ['d'] })
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'done', c: 'ready', d: 'skipped' })
      assert.equal((await bench().run('s', id('r', 'c'))).runEnded, 'succeeded')
    })

    it('may need inputs that are lost too', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'c'], ['a>b', 'b>c'])])
      await bench().run('s', id('r', 'a'), { out: made('a1') })
      await bench().run('s', id('r', 'b'), { out: made('b1') })
      await loses(await bench().claim('s', id('r', 'c')), ['b'])
      await loses(await bench().claim('s', id('r', 'b')))
      assert.deepEqual(await bench().states('r'), { a: 'ready', b: 'blocked', c: 'blocked' })
      assert.deepEqual((await bench().ledger.task(id('r', 'a')))?.remade, { times: 1, depth: 2 })
      await bench().run('s', id('r', 'a'), { out: made('a2') })
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'ready', c: 'blocked' })
      await bench().run('s', id('r', 'b'), { out: made('b2') })
      assert.deepEqual(inputOf(await bench().claim('s', id('r', 'c'))), ['hash-of-b2'])
    })

    it('is waited for together with others that are lost', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'c'], ['a>c', 'b>c'])])
      for (const name of ['a', 'b']) await bench().run('s', id('r', name), { out: made(name) })
      const { ready } = await loses(await bench().claim('s', id('r', 'c')), ['a', 'b'])
      assert.equal(ready.length, 2)
      await bench().run('s', id('r', 'a'), { out: made('a2') })
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'ready', c: 'blocked' })
      await bench().run('s', id('r', 'b'), { out: made('b2') })
      assert.deepEqual(inputOf(await bench().claim('s', id('r', 'c'))).sort(), ['hash-of-a2', 'hash-of-b2'])
    })

    it('is not made again by an exclusive task: the run fails and says why', async () => {
      await afterMaking(['b'], 'exclusive')
      const lost = await loses(await bench().claim('s', id('r', 'b')))
      assert.deepEqual([lost.accepted, lost.state, lost.runEnded], [true, 'failed', 'failed'])
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'failed' })
      const error = (await bench().ledger.task(id('r', 'b')))?.error
      assert.equal(error?.code, 'LF_PAYLOAD_LOST')
      assert.match(
        error.message,
        /cannot be had from anybody \(far: gone\)\. .*"a".*"name-of-s", is exclusive and must not run twice/,
      )
    })

    it('is not made again for ever', async () => {
      await afterMaking(['b'])
      const states = []
      for (let times = 0; times <= MAX_REMAKES_PER_TASK; times++) {
        const { state } = await loses(await bench().claim('s', id('r', 'b')))
        states.push(state)
        if (state === 'blocked') await bench().run('s', id('r', 'a'), { out: made(`again ${times}`) })
      }
      assert.deepEqual(states, [...Array.from({ length: MAX_REMAKES_PER_TASK }, () => 'blocked'), 'failed'])
      assert.equal(await bench().runState('r'), 'failed')
    })

    it('fails the run when making it again fails', async () => {
      await afterMaking(['b'])
      await loses(await bench().claim('s', id('r', 'b')))
      assert.equal((await bench().run('s', id('r', 'a'), { outcome: 'failed' })).runEnded, 'failed')
      assert.deepEqual(await bench().states('r'), { a: 'failed', b: 'cancelled' })
    })

    it('is not made again in a run that stops', async () => {
      await afterMaking(['b'])
      const claimed = await bench().claim('s', id('r', 'b'))
      await bench().ledger.stopRun('r', STOP)
      assert.deepEqual((await loses(claimed)).state, 'cancelled')
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'cancelled' })
      assert.equal(await bench().runState('r'), 'stopped')
    })

    it('leaves nothing open when its run is stopped while it is made', async () => {
      await afterMaking(['b'])
      await loses(await bench().claim('s', id('r', 'b')))
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().ledger.stopRun('r', STOP)
      assert.equal(await bench().runState('r'), 'running')
      assert.equal((await bench().ledger.complete(claim, { ...DONE, out: made('second') })).runEnded, 'stopped')
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'cancelled' })
    })

    it('outlives the death of the one who makes it again', async () => {
      await afterMaking(['b'])
      await loses(await bench().claim('s', id('r', 'b')))
      await bench().session('t')
      await bench().claim('t', id('r', 'a'))
      await bench().kill('t')
      await bench().ledger.reclaim(10)
      await bench().run('s', id('r', 'a'), { out: made('second') })
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'ready' })
    })

    it('finds the DAGs that its maker had started', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'], ['a>b']), dagPlan('sub', ['x'], [], false)])
      const start = (claim: Claim) => ledger.startDag({ claim, blueprint: 'sub', starterKey: 'k', data: null })
      const { claim } = await bench().claim('s', id('r', 'a'))
      assert.equal(await start(claim), 'sub:1')
      await bench().run('s', 'r/sub:1/x')
      await ledger.complete(claim, { ...DONE, out: made('first') })
      await loses(await bench().claim('s', id('r', 'b')))
      const again = await bench().claim('s', id('r', 'a'))
      assert.equal(await start(again.claim), 'sub:1')
      await ledger.complete(again.claim, { ...DONE, out: made('second') })
      assert.equal((await bench().run('s', id('r', 'b'))).runEnded, 'succeeded')
    })
  })

  describe('the report of a loss', () => {
    it('may be repeated and changes nothing more', async () => {
      await afterMaking(['b'])
      const claimed = await bench().claim('s', id('r', 'b'))
      await loses(claimed)
      assert.equal((await loses(claimed)).accepted, true)
      await bench().run('s', id('r', 'a'), { out: made('second') })
      assert.deepEqual([(await loses(claimed)).accepted, await bench().states('r')], [true, { a: 'done', b: 'ready' }])
    })

    it('is refused without the current claim', async () => {
      await afterMaking(['b'])
      const { claim, inputs } = await bench().claim('s', id('r', 'b'))
      for (const wrong of [stale(claim, { epoch: 0 }), stale(claim, { claimId: 'f'.repeat(32) })]) {
        assert.equal((await loses({ claim: wrong, inputs })).accepted, false)
      }
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'claimed' })
    })
  })
}

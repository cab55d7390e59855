import assert from 'node:assert/strict'
import type { HandOn, PassedTask } from '../../../src/ledger/ledger.ts'
import { DONE, dagPlan, id, payload, type Bench } from './bench.ts'

const CHAIN = dagPlan('main', ['a', { name: 'b', queue: 'other' }], ['a>b'])

export function describePassOn(bench: () => Bench): void {
  describe('passing on', () => {
    /** Claims for others by these ids, each of them with this many places free as far as is known. */
    const passOn = (claimIds: string[], places: Record<string, number>): HandOn => ({
      session: 'giver',
      queues: ['task'],
      claimIds: [],
      choice: 'successors',
      passOn: { claimIds, to: Object.entries(places).map(([session, count]) => ({ session, places: count })) },
    })
    const orNothing = <T>(...expected: T[]): T[] => (bench().ledger.traits.passesOn ? expected : [])
    const briefly = (passed: readonly PassedTask[]) => passed.map(({ claim, session }) => `${claim.task} ${session}`)
    const other = (session: string, more: Parameters<Bench['session']>[1] = {}) =>
      bench().session(session, { queues: ['other'], ...more })

    beforeEach(() => bench().session('giver'))

    it('claims a successor for a session that serves its queue, in the same step', async () => {
      await other('b')
      await bench().submit('r', [CHAIN])
      const { passedOn, ready, handedOn } = await bench().run(
        'giver',
        id('r', 'a'),
        { out: payload('x') },
        passOn(['c1'], { b: 1 }),
      )
      const claim = { task: id('r', 'b'), epoch: 1, claimId: 'c1' }
      assert.deepEqual(passedOn.map(unworded), orNothing({ claim, session: 'b', peer: 'peer-of-b' }))
      assert.deepEqual(handedOn, [])
      assert.equal(ready.length, bench().ledger.traits.passesOn ? 0 : 1)
      assert.deepEqual(await bench().ledger.claimsOf('b'), orNothing(claim))
      const history = (await bench().ledger.task(claim.task))?.history ?? []
      assert.deepEqual(
        history.map(({ session, passedBy }) => [session, passedBy]),
        orNothing(['b', 'giver']),
      )
    })

    it('lets its session find it, with all that it needs, and complete it', async () => {
      const { ledger } = bench()
      await other('b')
      await bench().submit('r', [CHAIN])
      await bench().run('giver', id('r', 'a'), { out: payload('x') }, passOn(['c1'], { b: 1 }))
      const found = await ledger.passedTo('b', [])
      assert.deepEqual(
        found.map(({ claim, inputs, task }) => [claim.claimId, inputs.length, task.attempts]),
        orNothing(['c1', 1, 1]),
      )
      assert.deepEqual(await ledger.passedTo('b', ['c1']), [])
      assert.deepEqual(await ledger.passedTo('b', [], ['c1']), found)
      if (ledger.traits.oneHost) assert.deepEqual(await ledger.passedTo('b', [], ['another']), [])
      assert.deepEqual(await ledger.passedTo('giver', []), [])
      for (const { claim } of found) assert.equal((await ledger.complete(claim, DONE)).accepted, true)
      assert.deepEqual(await ledger.passedTo('b', []), [])
    })

    it('is not found by a session that claimed by itself, has given it back, or is buried', async () => {
      const { ledger } = bench()
      for (const session of ['own', 'back', 'dead']) await other(session)
      await bench().submit('own', [dagPlan('main', [{ name: 'x', queue: 'other' }])])
      await bench().claim('own', id('own', 'x'))
      assert.deepEqual(await ledger.passedTo('own', []), [])
      for (const session of ['back', 'dead']) {
        await bench().submit(session, [CHAIN])
        await bench().run('giver', id(session, 'a'), {}, passOn([session], { [session]: 1 }))
        for (const { claim } of session === 'back' ? await ledger.passedTo('back', []) : [])
          assert.equal(await ledger.release(claim, { reason: 'full', notBefore: null, uncounted: true }), true)
        if (session === 'dead') await bench().kill('dead')
        assert.deepEqual(await ledger.passedTo(session, []), [])
      }
      // Given back, it does not count as an attempt, and is anybody's again.
      assert.equal(await bench().isWon('own', id('back', 'b')), true)
      assert.equal((await ledger.task(id('back', 'b')))?.attempts, 1)
    })

    it('is told again when the completion is repeated', async () => {
      const { ledger } = bench()
      await other('b')
      await bench().submit('r', [CHAIN])
      const { claim } = await bench().claim('giver', id('r', 'a'))
      const first = await ledger.complete(claim, DONE, passOn(['c1'], { b: 1 }))
      const again = await ledger.complete(claim, DONE, passOn(['c1'], { b: 1 }))
      assert.deepEqual(
        [first.passedOn.length, again.passedOn.map(unworded)],
        [orNothing(1).length, first.passedOn.map(unworded)],
      )
    })

    it('passes nothing on that the giver serves, that needs resources, or is exclusive', async () => {
      await bench().session('b', { queues: ['task', 'other', 'other:gpu=1'] })
      const kinds = {
        served: { queue: 'task' },
        needy: { queue: 'other:gpu=1' },
        exclusive: { queue: 'other', effect: 'exclusive' },
      } as const
      for (const [run, kind] of Object.entries(kinds)) {
        await bench().submit(run, [dagPlan('main', ['a', { name: 'b', ...kind }], ['a>b'])])
      }
      for (const run of Object.keys(kinds)) {
        const { passedOn, ready } = await bench().run('giver', id(run, 'a'), {}, passOn([run], { b: 4 }))
        assert.deepEqual([run, passedOn.length, ready.length], [run, 0, 1])
      }
    })

    it('gives nothing to a session that drains, is buried, is full or does not serve the queue', async () => {
      const { ledger } = bench()
      for (const session of ['drains', 'buried', 'full']) await other(session, { capacity: 1 })
      await bench().session('serves')
      await bench().submit('before', [dagPlan('main', [{ name: 'x', queue: 'other' }])])
      await bench().claim('full', id('before', 'x'))
      await ledger.beat('drains', 1, { busy: 0, connected: [], addrs: [], draining: true })
      await bench().kill('buried', 'silence')
      for (const session of ['drains', 'buried', 'full', 'serves', 'unknown']) {
        await bench().submit(session, [CHAIN])
        const { accepted, passedOn, ready } = await bench().run(
          'giver',
          id(session, 'a'),
          {},
          passOn(['c'], { [session]: 1 }),
        )
        assert.deepEqual([session, accepted, passedOn, ready.length], [session, true, [], 1])
      }
    })

    it('goes to another one when the first cannot have it', async () => {
      for (const session of ['b', 'c', 'd']) await other(session, { capacity: 1 })
      await bench().kill('b')
      await bench().kill('d')
      await bench().submit('r', [CHAIN])
      const { passedOn } = await bench().run('giver', id('r', 'a'), {}, passOn(['c1'], { b: 1, c: 1, d: 1 }))
      assert.deepEqual(briefly(passedOn), orNothing(`${id('r', 'b')} c`))
    })

    it('fills nobody beyond the places that are known, and names the rest as ready', async () => {
      await other('b', { capacity: 4 })
      const lanes = [1, 2, 3].map(lane => ({ name: `l${lane}`, queue: 'other' }))
      await bench().submit('r', [dagPlan('main', ['a', ...lanes], ['a>l1', 'a>l2', 'a>l3'])])
      const { passedOn, ready } = await bench().run('giver', id('r', 'a'), {}, passOn(['c1', 'c2', 'c3'], { b: 2 }))
      assert.deepEqual(briefly(passedOn), orNothing(`${id('r', 'l1')} b`, `${id('r', 'l2')} b`))
      assert.equal(passedOn.length + ready.length, 3)
    })

    it('overtakes nobody who is as urgent and waits for the same peer', async () => {
      for (const priority of [0, 1]) {
        const run = `after-${priority}`
        await other(`b${priority}`, { queues: [`other-${priority}`, `more-${priority}`] })
        const queue = `other-${priority}`
        await bench().submit(run, [dagPlan('main', ['a', { name: 'b', queue, priority }], ['a>b'])])
        await bench().submit(`waits-${priority}`, [dagPlan('main', [{ name: 'x', queue: `more-${priority}` }])])
        const { passedOn } = await bench().run('giver', id(run, 'a'), {}, passOn(['c'], { [`b${priority}`]: 1 }))
        assert.deepEqual(
          [priority, briefly(passedOn)],
          [priority, priority === 0 ? [] : orNothing(`${id(run, 'b')} b1`)],
        )
      }
    })

    it('passes nothing on in a run that is being stopped', async () => {
      const { ledger } = bench()
      await other('b')
      await bench().submit('r', [CHAIN])
      const { claim } = await bench().claim('giver', id('r', 'a'))
      await ledger.stopRun('r', { reason: 'stopped', by: 'somebody', at: 0, error: null })
      assert.deepEqual((await ledger.complete(claim, DONE, passOn(['c1'], { b: 1 }))).passedOn, [])
      assert.deepEqual(await ledger.claimsOf('b'), [])
    })

    it('leaves the tasks of a large fan-out to those who claim many at a time', async () => {
      await other('b', { capacity: 100 })
      const lanes = Array.from({ length: 9 }, (_, index) => ({ name: `l${index}`, queue: 'other' }))
      await bench().submit('r', [
        dagPlan(
          'main',
          ['a', ...lanes],
          lanes.map(({ name }) => `a>${name}`),
        ),
      ])
      const ids = lanes.map(({ name }) => name)
      const { passedOn, ready } = await bench().run('giver', id('r', 'a'), {}, passOn(ids, { b: 100 }))
      assert.deepEqual([passedOn, ready.length], [[], 9])
    })
  })
}

/** Not all ledgers word it, and none does so twice. */
function unworded({ claim, session, peer }: PassedTask): PassedTask {
  return { claim, session, peer }
}

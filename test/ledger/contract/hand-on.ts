import assert from 'node:assert/strict'
import type { ClaimedTask, HandOn } from '../../../src/ledger/ledger.ts'
import { DONE, dagPlan, id, payload, type Bench } from './bench.ts'

const LANES = dagPlan('main', ['a', 'b', 'c'], ['a>b', 'a>c'])

export function describeHandOn(bench: () => Bench): void {
  describe('hand-on', () => {
    const handOn = (claimIds: string[], session = 's', queues = ['task']): HandOn => {
      return { session, queues, claimIds, choice: 'successors' }
    }

    it('claims as many successors as there are claim ids, and names the rest', async () => {
      await bench().session('s')
      await bench().submit('r', [LANES])
      const { handedOn, ready } = await bench().run('s', id('r', 'a'), { out: payload('x') }, handOn(['c1']))
      assert.deepEqual(
        handedOn.map(({ claim, inputs }) => [claim, inputs.length]),
        [[{ task: id('r', 'b'), epoch: 1, claimId: 'c1' }, 1]],
      )
      assert.deepEqual(
        ready.map(({ id }) => id),
        [id('r', 'c')],
      )
      assert.deepEqual(await bench().states('r'), { a: 'done', b: 'claimed', c: 'ready' })
    })

    it('is told again when the completion is repeated', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [LANES])
      const { claim } = await bench().claim('s', id('r', 'a'))
      const first = await ledger.complete(claim, DONE, handOn(['c1']))
      const again = await ledger.complete(claim, DONE, handOn(['c1']))
      assert.equal(first.handedOn.length, 1)
      assert.deepEqual(again.handedOn, first.handedOn)
      assert.deepEqual(await ledger.claimsOf('s'), [first.handedOn[0]?.claim])
    })

    for (const effect of ['pure', 'idempotent', 'exclusive'] as const) {
      it(`is told before the answer, or not at all, of what became ready by it and is ${effect}`, async () => {
        const { ledger } = bench()
        await bench().session('s')
        await bench().submit('r', [dagPlan('main', ['a', { name: 'b', effect }], ['a>b'])])
        const { claim } = await bench().claim('s', id('r', 'a'))
        const told: ClaimedTask[][] = []
        const { handedOn } = await ledger.complete(claim, DONE, handOn(['c1']), early => void told.push(early.handedOn))
        assert.deepEqual(
          handedOn.map(({ claim: { claimId } }) => claimId),
          ['c1'],
        )
        assert.deepEqual(told, ledger.traits.kind === 'sqlite' ? [handedOn] : [])
      })
    }

    it('overtakes nobody who is more urgent', async () => {
      await bench().session('s')
      await bench().submit('r', [LANES])
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().submit('urgent', [dagPlan('main', ['x'])], { priority: 1 })
      const { handedOn, ready } = await bench().ledger.complete(claim, DONE, handOn(['c1', 'c2']))
      assert.deepEqual([handedOn.length, ready.length], [0, 2])
    })

    it('goes on with the less urgent of its successors when nobody else waits', async () => {
      await bench().session('s')
      const urgent = dagPlan('main', ['a', { name: 'b', priority: 5 }, { name: 'c', priority: 3 }], ['a>b', 'a>c'])
      await bench().submit('r', [urgent])
      const { handedOn } = await bench().run('s', id('r', 'a'), {}, handOn(['c1', 'c2']))
      // Where a completion is more than one write, only the most urgent are handed on: the others are claimed as ever.
      const all = bench().ledger.traits.handsOnWaiting ? [id('r', 'b'), id('r', 'c')] : [id('r', 'b')]
      assert.deepEqual(
        handedOn.map(({ claim: { task } }) => task),
        all,
      )
    })

    it('takes turns with those who are as urgent, and goes first', async () => {
      await bench().session('s')
      await bench().submit('r', [LANES])
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().submit('equal', [dagPlan('main', ['x'])])
      assert.equal((await bench().ledger.complete(claim, DONE, handOn(['c1']))).handedOn.length, 1)
    })

    describe('ahead of a place', () => {
      const aheadOf = (...aheadIds: string[]): HandOn => ({ ...handOn([]), aheadIds })
      const many = (...names: string[]) => dagPlan('main', names, [])

      /** Ids of what is handed on when `task` of the run `r` is completed. Where a completion is more than one write: nothing. */
      async function handedOn(task: string, request: HandOn): Promise<string[]> {
        const { handedOn: given } = await bench().run('s', id('r', task), {}, request)
        const tasks = given.map(({ claim }) => claim.task)
        assert.deepEqual((await bench().ledger.claimsOf('s')).map(claim => claim.task).sort(), tasks.toSorted())
        return tasks
      }
      const orNothing = (...tasks: string[]): string[] => (bench().ledger.traits.handsOnWaiting ? tasks : [])

      it('claims what waits in the same DAG, in its order, as often as there are claim ids', async () => {
        await bench().session('s')
        await bench().submit('r', [many('a', 'b', 'c', 'd')])
        assert.deepEqual(await handedOn('a', aheadOf('c1', 'c2')), orNothing(id('r', 'b'), id('r', 'c')))
      })

      it('comes after what is claimed for the place', async () => {
        await bench().session('s')
        await bench().submit('r', [many('a', 'b', 'c', 'd')])
        const request: HandOn = { ...handOn(['c1']), choice: 'successors-first', aheadIds: ['c2'] }
        assert.deepEqual(await handedOn('a', request), orNothing(id('r', 'b'), id('r', 'c')))
      })

      it('claims nothing of another DAG, and nothing behind it', async () => {
        await bench().session('s')
        await bench().submit('other', [many('x')])
        bench().clock.advance(1)
        await bench().submit('r', [many('a', 'b')])
        assert.deepEqual(await handedOn('a', aheadOf('c1', 'c2')), [])
      })

      it('claims nothing that is exclusive, and nothing behind it', async () => {
        await bench().session('s')
        await bench().submit('r', [dagPlan('main', ['a', 'b', { name: 'c', effect: 'exclusive' }, 'd'], [])])
        assert.deepEqual(await handedOn('a', aheadOf('c1', 'c2', 'c3')), orNothing(id('r', 'b')))
      })

      it('claims nothing that has seen a peer die', async () => {
        const { ledger } = bench()
        await bench().session('s')
        await bench().session('dead')
        await bench().submit('r', [dagPlan('main', ['a', { name: 'b', effect: 'pure' }], [])])
        await bench().claim('dead', id('r', 'b'))
        assert(await ledger.bury('dead', 0, 'lock', 's'))
        await ledger.reclaim(10)
        assert.equal((await ledger.task(id('r', 'b')))?.state, 'ready')
        assert.deepEqual(await handedOn('a', aheadOf('c1')), [])
      })

      it('is told again when the completion is repeated', async () => {
        const { ledger } = bench()
        await bench().session('s')
        await bench().submit('r', [many('a', 'b')])
        const { claim } = await bench().claim('s', id('r', 'a'))
        const first = await ledger.complete(claim, DONE, aheadOf('c1'))
        const again = await ledger.complete(claim, DONE, aheadOf('c1'))
        assert.deepEqual(again.handedOn, first.handedOn)
      })
    })

    describe('of what waits', () => {
      const choosing = (choice: HandOn['choice'], ...claimIds: string[]): HandOn => ({ ...handOn(claimIds), choice })

      /** `a` of the run `r` was completed while `first` and, a moment younger, `second` were waiting. */
      async function completeBesides(choice: HandOn['choice'], ...claimIds: string[]): Promise<string[]> {
        const { ledger, clock } = bench()
        await bench().session('s')
        await bench().submit('r', [LANES])
        const { claim } = await bench().claim('s', id('r', 'a'))
        for (const run of ['first', 'second']) {
          clock.advance(1)
          await bench().submit(run, [dagPlan('main', ['x'])])
        }
        clock.advance(1)
        const { handedOn } = await ledger.complete(claim, DONE, choosing(choice, ...claimIds))
        assert.deepEqual(
          (await ledger.claimsOf('s')).map(({ claimId }) => claimId).sort(),
          handedOn.map(({ claim: { claimId } }) => claimId).sort(),
        )
        return handedOn.map(({ claim: { task } }) => task)
      }

      const [b, c, first, second] = [id('r', 'b'), id('r', 'c'), id('first', 'x'), id('second', 'x')]

      it('takes the successors first, then the longest ready', async () => {
        const all = bench().ledger.traits.handsOnWaiting ? [b, c, first] : [b, c]
        assert.deepEqual(await completeBesides('successors-first', 'c1', 'c2', 'c3'), all)
      })

      it('takes the longest ready in turn, its own successors after them', async () => {
        const all = bench().ledger.traits.handsOnWaiting ? [first, second, b] : []
        assert.deepEqual(await completeBesides('in-turn', 'c1', 'c2', 'c3'), all)
      })

      it('passes over a task whose run is being stopped', async () => {
        const { ledger } = bench()
        await bench().session('s')
        await bench().submit('r', [dagPlan('main', ['a'])])
        const { claim } = await bench().claim('s', id('r', 'a'))
        for (const run of ['stopped', 'second']) await bench().submit(run, [dagPlan('main', ['x'])])
        await ledger.stopRun('stopped', { reason: 'stopped', by: 'somebody', at: 0, error: null })
        const { handedOn } = await ledger.complete(claim, DONE, choosing('successors-first', 'c1'))
        const taken = ledger.traits.handsOnWaiting ? [second] : []
        assert.deepEqual(
          handedOn.map(({ claim: { task } }) => task),
          taken,
        )
      })

      it('is told again when the completion is repeated', async () => {
        const { ledger } = bench()
        await bench().session('s')
        await bench().submit('r', [dagPlan('main', ['a'])])
        const { claim } = await bench().claim('s', id('r', 'a'))
        await bench().submit('first', [dagPlan('main', ['x'])])
        await bench().submit('second', [dagPlan('main', ['x'])])
        const once = await ledger.complete(claim, DONE, choosing('successors-first', 'c1'))
        const again = await ledger.complete(claim, DONE, choosing('successors-first', 'c1'))
        assert.deepEqual(again.handedOn, once.handedOn)
        assert.equal((await ledger.claimsOf('s')).length, ledger.traits.handsOnWaiting ? 1 : 0)
      })
    })

    it('gives nothing to a session that drains, is buried or does not serve the queue', async () => {
      const { ledger } = bench()
      await bench().session('drains')
      await bench().session('buried')
      await bench().session('serves')
      const cases = ['drains', 'buried', 'serves'] as const
      for (const session of cases) {
        const gpu = dagPlan('main', ['a', { name: 'b', queue: session === 'serves' ? 'gpu' : 'task' }], ['a>b'])
        await bench().submit(session, [gpu])
        const { claim } = await bench().claim(session, id(session, 'a'))
        if (session === 'drains') await ledger.beat(session, 1, { busy: 1, connected: [], addrs: [], draining: true })
        if (session === 'buried') await bench().kill(session, 'silence')
        const { accepted, handedOn } = await ledger.complete(claim, DONE, handOn(['c'], session, ['task', 'gpu']))
        assert.deepEqual([session, accepted, handedOn.length], [session, true, 0])
      }
    })
  })
}

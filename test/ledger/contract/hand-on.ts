import assert from 'node:assert/strict'
import { DONE, dagPlan, id, payload, type Bench } from './bench.ts'

const LANES = dagPlan('main', ['a', 'b', 'c'], ['a>b', 'a>c'])

export function describeHandOn(bench: () => Bench): void {
  describe('hand-on', () => {
    const handOn = (claimIds: string[], session = 's', queues = ['task']) => ({ session, queues, claimIds })

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

    it('overtakes nobody who is more urgent', async () => {
      await bench().session('s')
      await bench().submit('r', [LANES])
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().submit('urgent', [dagPlan('main', ['x'])], { priority: 1 })
      const { handedOn, ready } = await bench().ledger.complete(claim, DONE, handOn(['c1', 'c2']))
      assert.deepEqual([handedOn.length, ready.length], [0, 2])
    })

    it('takes turns with those who are as urgent, and goes first', async () => {
      await bench().session('s')
      await bench().submit('r', [LANES])
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().submit('equal', [dagPlan('main', ['x'])])
      assert.equal((await bench().ledger.complete(claim, DONE, handOn(['c1']))).handedOn.length, 1)
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

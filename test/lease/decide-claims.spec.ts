import assert from 'node:assert/strict'
import { decideClaims, MAX_RANK_DELAY_MS } from '../../src/lease/decide-claims.ts'

const task = (id: string, queue = 'task', inputs: { holder: string; sizeBytes: number }[] = []) => ({
  id,
  queue,
  inputs,
})
const peer = (session: string, freeCapacity: number, queues = ['task']) => ({
  session,
  peer: `peer-${session}`,
  queues,
  freeCapacity,
})
const tasks = (count: number) => Array.from({ length: count }, (_, index) => task(`run/dag:1/t${index}`))

describe('decideClaims', () => {
  it('claims at once what nobody else can take, up to the free capacity', () => {
    const decision = decideClaims({ ready: tasks(5), self: peer('a', 3), others: [], rankDelayMs: 10 })
    assert.equal(decision.now.length, 3)
    assert.deepEqual(decision.later, [])
  })

  it('leaves tasks of queues that it does not serve', () => {
    const ready = [task('x', 'gpu'), task('y')]
    assert.deepEqual(decideClaims({ ready, self: peer('a', 2), others: [], rankDelayMs: 10 }).now, ['y'])
  })

  it('ignores peers without free capacity', () => {
    const others = [peer('b', 0), peer('c', 0)]
    assert.equal(decideClaims({ ready: tasks(4), self: peer('a', 4), others, rankDelayMs: 10 }).now.length, 4)
  })

  it('gives every task to exactly one of the peers that see the same mesh', () => {
    const peers = [peer('a', 8), peer('b', 8), peer('c', 8)]
    const ready = tasks(20)
    const claimed = peers.flatMap(self => {
      const others = peers.filter(({ session }) => session !== self.session)
      return decideClaims({ ready, self, others, rankDelayMs: 10 }).now
    })
    assert.equal(new Set(claimed).size, claimed.length, 'no two peers claim the same task')
    assert.equal(claimed.length, 20)
  })

  it('fills all free places of the mesh and no more', () => {
    const peers = [peer('a', 2), peer('b', 1), peer('c', 2)]
    const claimed = peers.flatMap(self => {
      const others = peers.filter(({ session }) => session !== self.session)
      return decideClaims({ ready: tasks(50), self, others, rankDelayMs: 10 }).now
    })
    assert.equal(claimed.length, 5)
  })

  it('waits longer the worse its rank is, but never beyond the limit', () => {
    const others = Array.from({ length: 5 }, (_, index) => peer(`b${index}`, 5))
    const { later } = decideClaims({ ready: tasks(10), self: peer('a', 10), others, rankDelayMs: 200 })
    assert.ok(later.length > 0)
    for (const [index, { delayMs }] of later.entries()) {
      assert.ok(delayMs <= MAX_RANK_DELAY_MS)
      assert.ok(index === 0 || delayMs >= (later[index - 1]?.delayMs ?? 0))
    }
  })

  it('prefers the peer that holds the input', () => {
    const ready = [task('run/dag:1/t', 'task', [{ holder: 'peer-b', sizeBytes: 1 }])]
    const peers = [peer('a', 1), peer('b', 1), peer('c', 1)]
    const winners = peers.filter(
      self =>
        decideClaims({ ready, self, others: peers.filter(other => other !== self), rankDelayMs: 1 }).now.length > 0,
    )
    assert.deepEqual(
      winners.map(({ session }) => session),
      ['b'],
    )
  })
})

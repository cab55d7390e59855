import assert from 'node:assert/strict'
import { mayPassOn, rankReceivers } from '../../src/lease/decide-passing.ts'
import { decideClaims } from '../../src/lease/decide-claims.ts'
import { readyTask } from './task-fixture.ts'

const session = (id: string, queues = ['other']) => ({ id, peer: `peer-${id}`, queues })
const task = (id: string, inputs: { holder: string; sizeBytes: number }[] = []) => ({ id, queue: 'other', inputs })

describe('what is passed on', () => {
  const giver = { queues: ['task'] }
  const passable = readyTask({ queue: 'other' })

  it('is what its giver does not serve', () => {
    assert.equal(mayPassOn(passable, giver), true)
    assert.equal(mayPassOn(passable, { queues: ['task', 'other'] }), false)
  })

  it('is nothing exclusive, nothing that has seen a peer die, and nothing that needs resources', () => {
    for (const change of [{ effect: 'exclusive' }, { deaths: 1 }, { queue: 'other:gpu=1' }] as const)
      assert.equal(mayPassOn({ ...passable, ...change }, giver), false, JSON.stringify(change))
  })
})

describe('who gets what is passed on', () => {
  it('is nobody who does not serve its queue', () => {
    const ranked = rankReceivers(task('t'), [session('a', ['task']), session('b'), session('c', ['x', 'other'])])
    assert.deepEqual(ranked.map(({ id }) => id).toSorted(), ['b', 'c'])
  })

  it('is first who holds most of its inputs', () => {
    const inputs = [
      { holder: 'peer-b', sizeBytes: 10 },
      { holder: 'peer-c', sizeBytes: 9 },
    ]
    const ranked = rankReceivers(task('t', inputs), [session('a'), session('c'), session('b')])
    assert.deepEqual(
      ranked.map(({ id }) => id),
      ['b', 'c', 'a'],
    )
  })

  it('is who would try first if the task were ready', () => {
    const sessions = ['a', 'b', 'c', 'd'].map(id => session(id))
    const peers = sessions.map(({ id, ...rest }) => ({ session: id, freeCapacity: 1, ...rest }))
    for (let index = 0; index < 20; index++) {
      const one = task(`r/main:1/t${index}`)
      const [first] = rankReceivers(one, sessions)
      const eager = peers.filter(self => {
        const others = peers.filter(other => other !== self)
        return decideClaims({ ready: [one], self, others, rankDelayMs: 1 }).now.length === 1
      })
      assert.deepEqual(
        eager.map(peer => peer.session),
        [first?.id],
      )
    }
  })
})

import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { rankCandidates, rankMembers, rendezvousWeight } from '../../src/lease/rank.ts'

const candidate = (session: string, localBytes = 0) => ({ session, peer: `peer-${session}`, localBytes })

describe('rank', () => {
  it('puts the peer that holds most input bytes first', () => {
    const ranked = rankCandidates('run/dag:1/task', [candidate('a'), candidate('b', 10), candidate('c', 100)])
    assert.deepEqual(
      ranked.slice(0, 2).map(({ session }) => session),
      ['c', 'b'],
    )
  })

  it('does not depend on the order in which the candidates are named', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 12 }), fc.string(), (names, key) => {
        assert.deepEqual(rankMembers(key, names, 3), rankMembers(key, names.toReversed(), 3))
      }),
    )
  })

  it('moves only the tasks of a member that leaves', () => {
    const members = ['a', 'b', 'c', 'd', 'e']
    for (let i = 0; i < 500; i++) {
      const [before] = rankMembers(`task-${i}`, members, 1)
      const [after] = rankMembers(
        `task-${i}`,
        members.filter(member => member !== 'c'),
        1,
      )
      if (before !== 'c') assert.equal(after, before)
    }
  })

  it('deals the tasks out evenly', () => {
    const members = Array.from({ length: 5 }, (_, index) => `session-${index}`)
    const counts = new Map<string, number>()
    for (let i = 0; i < 5000; i++) {
      const [first] = rankMembers(`run-x/main:1/task-${i}`, members, 1)
      counts.set(String(first), (counts.get(String(first)) ?? 0) + 1)
    }
    for (const count of counts.values()) assert.ok(count > 800 && count < 1200, `${count} of 5000 on one of five`)
  })

  it('weighs in 32 bits', () => {
    const weight = rendezvousWeight('a', 'b')
    assert.ok(Number.isInteger(weight) && weight >= 0 && weight < 2 ** 32)
  })
})

import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { placeAmong, rankCandidates, rankMembers } from '../../src/lease/rank.ts'

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 2, maxLength: 30 })

describe('rank', () => {
  it('keeps the order of the others when one peer goes', () => {
    fc.assert(
      fc.property(names, fc.string(), fc.nat(), (sessions, task, which) => {
        const all = sessions.map((session, index) => ({ session, peer: session, localBytes: index % 3 }))
        const gone = all[which % all.length]?.session
        const order = (candidates: typeof all) => rankCandidates(task, candidates).map(({ session }) => session)
        assert.deepEqual(
          order(all).filter(session => session !== gone),
          order(all.filter(({ session }) => session !== gone)),
        )
      }),
    )
  })

  it('finds the first and a place without ordering all', () => {
    fc.assert(
      fc.property(names, fc.string(), fc.string(), (sessions, task, stranger) => {
        const all = sessions.map((session, index) => ({ session, peer: session, localBytes: index % 3 }))
        const order = rankCandidates(task, all)
        for (const self of [...sessions, stranger]) {
          const place = order.findIndex(({ session }) => session === self)
          assert.deepEqual(placeAmong(task, all, self), { first: order[0], place })
        }
        assert.deepEqual(placeAmong(task, [], stranger), { first: undefined, place: -1 })
      }),
    )
  })

  it('names the same members whatever the order in which they are known', () => {
    fc.assert(
      fc.property(names, fc.string(), fc.integer({ min: 1, max: 5 }), (members, key, count) => {
        assert.deepEqual(rankMembers(key, members, count), rankMembers(key, members.toReversed(), count))
      }),
    )
  })
})

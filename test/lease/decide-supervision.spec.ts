import assert from 'node:assert/strict'
import { supervisorOf, watchedBy, WATCHERS_PER_SESSION } from '../../src/lease/decide-supervision.ts'

const SESSIONS = Array.from({ length: 12 }, (_, index) => `session-${index}`)

describe('supervision', () => {
  it('falls to one live peer, the same for everybody', () => {
    assert.equal(supervisorOf('run', 'main:1', SESSIONS), supervisorOf('run', 'main:1', SESSIONS.toReversed()))
  })

  it('falls to nobody when nobody lives', () => {
    assert.equal(supervisorOf('run', 'main:1', []), undefined)
  })

  it('has every session watched by others, and by as many as there should be', () => {
    for (const session of SESSIONS) {
      const watchers = SESSIONS.filter(self => watchedBy(self, SESSIONS).includes(session))
      assert.equal(watchers.length, WATCHERS_PER_SESSION)
      assert.ok(!watchers.includes(session))
    }
  })

  it('has everybody watch everybody in a small mesh', () => {
    assert.deepEqual(watchedBy('a', ['a', 'b', 'c']).sort(), ['b', 'c'])
  })
})

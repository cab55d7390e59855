import assert from 'node:assert/strict'
import { supervisorOf, watchedBy, watchersOf, WATCHERS_PER_SESSION } from '../../src/lease/decide-supervision.ts'

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

  it('has everybody watch as many, the same for everybody', () => {
    for (const self of SESSIONS) {
      const watched = watchedBy(self, SESSIONS)
      assert.equal(watched.length, WATCHERS_PER_SESSION)
      assert.deepEqual(watched, watchedBy(self, SESSIONS.toReversed()))
      for (const session of watched) assert.ok(watchersOf(session, SESSIONS).includes(self))
    }
  })

  it('has few look elsewhere when somebody is gone', () => {
    const [gone, ...rest] = SESSIONS
    const moved = rest.filter(self => String(watchedBy(self, rest)) !== String(watchedBy(self, SESSIONS)))
    assert.deepEqual(new Set(moved), new Set(watchersOf(gone!, SESSIONS)))
  })

  it('has everybody watch everybody in a small mesh', () => {
    assert.deepEqual(watchedBy('a', ['a', 'b', 'c']).sort(), ['b', 'c'])
    assert.deepEqual(watchedBy('a', ['a', 'b']), ['b'])
    assert.deepEqual(watchedBy('a', ['a']), [])
  })

  it('asks nothing of who is not in the mesh', () => {
    assert.deepEqual([watchedBy('x', SESSIONS), watchersOf('x', SESSIONS)], [[], []])
  })
})

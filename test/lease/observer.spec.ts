import assert from 'node:assert/strict'
import { MIN_READS_OF_SILENCE, NEW_OBSERVER, observe, type ObserverState } from '../../src/lease/observer.ts'

const TTL = 10_000

/** Reads every `everyMs` for `forMs`; the sessions in `beating` renew at each read, those in `silent` never do. */
function watch(
  { beating = [], silent = [] }: { beating?: string[]; silent?: string[] },
  {
    forMs,
    everyMs = 1000,
    ownBeatAgeMs = 0,
    startMs = 0,
    state = NEW_OBSERVER,
    gapAtMs = -1,
    gapMs = 0,
  }: {
    forMs: number
    everyMs?: number
    ownBeatAgeMs?: number
    startMs?: number
    state?: ObserverState
    gapAtMs?: number
    gapMs?: number
  },
) {
  const dead: string[] = []
  let nowMs = startMs
  for (let beat = 1; nowMs <= startMs + forMs; beat++, nowMs += everyMs) {
    if (gapAtMs >= 0 && nowMs >= gapAtMs) {
      nowMs += gapMs
      gapAtMs = -1
    }
    const sessions = [
      ...beating.map(id => ({ id, beat, ttlMs: TTL })),
      ...silent.filter(id => !dead.includes(id)).map(id => ({ id, beat: 7, ttlMs: TTL })),
    ]
    const result = observe(state, { nowMs, sessions, ownBeatMs: nowMs - ownBeatAgeMs })
    state = result.state
    dead.push(...result.silent.map(({ id }) => id))
  }
  return { dead, state, nowMs }
}

describe('observer', () => {
  it('declares a session silent after a whole TTL without a new beat', () => {
    assert.deepEqual(watch({ beating: ['b'], silent: ['a'] }, { forMs: TTL - 1 }).dead, [])
    assert.deepEqual(watch({ beating: ['b'], silent: ['a'] }, { forMs: TTL }).dead, ['a'])
  })

  it('never declares a session silent that beats', () => {
    assert.deepEqual(watch({ beating: ['a', 'b'] }, { forMs: 10 * TTL }).dead, [])
  })

  it('names the beat that it saw, so that a later one makes the burial void', () => {
    let state = NEW_OBSERVER
    let last: { id: string; beat: number }[] = []
    for (let nowMs = 0; nowMs <= TTL; nowMs += 1000) {
      const result = observe(state, { nowMs, sessions: [{ id: 'a', beat: 41, ttlMs: TTL }], ownBeatMs: nowMs })
      state = result.state
      last = result.silent
    }
    assert.deepEqual(last, [{ id: 'a', beat: 41 }])
  })

  it('needs several reads, however long they take', () => {
    let state = NEW_OBSERVER
    const sessions = [{ id: 'a', beat: 1, ttlMs: TTL }]
    for (let read = 0; read < MIN_READS_OF_SILENCE - 1; read++) {
      const result = observe(state, { nowMs: read * TTL * 2, sessions, ownBeatMs: read * TTL * 2 })
      state = result.state
      assert.deepEqual(result.silent, [])
    }
  })

  it('starts every count anew after a gap in its own reads', () => {
    const { dead } = watch({ silent: ['a'] }, { forMs: TTL + 4000, gapAtMs: 6000, gapMs: 5000 })
    assert.deepEqual(dead, [])
  })

  it('does not count while its own beats are not acknowledged', () => {
    assert.deepEqual(watch({ silent: ['a'] }, { forMs: 3 * TTL, ownBeatAgeMs: TTL }).dead, [])
  })

  it('does not bury the whole mesh when everybody falls silent at once', () => {
    const everybody = ['a', 'b', 'c', 'd', 'e']
    const first = watch({ silent: everybody }, { forMs: TTL + 2000 })
    assert.deepEqual(first.dead, [])
  })

  it('lets one burial through at a time once the brake has held for a TTL', () => {
    const { dead } = watch({ silent: ['a', 'b', 'c', 'd'] }, { forMs: 2 * TTL })
    assert.equal(dead.length, 1)
  })

  it('judges its own health for each session by the TTL of that one', () => {
    let state = NEW_OBSERVER
    const dead: string[] = []
    for (let nowMs = 0; nowMs <= 45_000; nowMs += 2000) {
      const sessions = [
        { id: 'frozen', beat: 1, ttlMs: 45_000 },
        { id: 'hasty', beat: nowMs, ttlMs: 3000 },
      ].filter(({ id }) => !dead.includes(id))
      const result = observe(state, { nowMs, sessions, ownBeatMs: nowMs - (nowMs % 5000), leastTtlMs: 15_000 })
      state = result.state
      dead.push(...result.silent.map(({ id }) => id))
    }
    assert.deepEqual(dead, [])
    const last = observe(state, {
      nowMs: 46_000,
      sessions: [{ id: 'frozen', beat: 1, ttlMs: 45_000 }],
      ownBeatMs: 45_000,
      leastTtlMs: 15_000,
    })
    assert.deepEqual(last.silent, [{ id: 'frozen', beat: 1 }])
  })

  it('buries a session of a very short TTL too, after the shortest silence that it can judge', () => {
    let state = NEW_OBSERVER
    let buriedMs = 0
    for (let nowMs = 0; buriedMs === 0 && nowMs < 60_000; nowMs += 2000) {
      const sessions = [{ id: 'hasty', beat: 1, ttlMs: 3000 }]
      const result = observe(state, { nowMs, sessions, ownBeatMs: nowMs - (nowMs % 5000), leastTtlMs: 15_000 })
      state = result.state
      if (result.silent.length > 0) buriedMs = nowMs
    }
    assert.equal(buriedMs, 16_000)
  })

  it('buries two of two without the brake', () => {
    assert.deepEqual(watch({ beating: ['c'], silent: ['a', 'b'] }, { forMs: TTL }).dead, ['a', 'b'])
  })
})

import * as fc from 'fast-check'
import { NEW_OBSERVER, observe } from '../../src/lease/observer.ts'

const TTL_MS = 20_000
const BEAT_MS = 1000

describe('observer, for any clocks and any pauses', () => {
  it('never names a session whose beat changed within its TTL', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.8, max: 1.2, noNaN: true }),
        fc.array(
          fc.record({ gapMs: fc.integer({ min: 1, max: 15_000 }), ownAgeMs: fc.integer({ min: 0, max: 30_000 }) }),
          {
            minLength: 5,
            maxLength: 200,
          },
        ),
        fc.integer({ min: 0, max: Math.floor(TTL_MS / 1.2) - 1 }),
        (rate, reads, longestPauseMs) => {
          let state = NEW_OBSERVER
          let worldMs = 0
          for (const { gapMs, ownAgeMs } of reads) {
            worldMs += gapMs
            // It beats at least every so often, in the world's time.
            const beat = Math.floor(worldMs / Math.max(BEAT_MS, longestPauseMs))
            const nowMs = worldMs * rate
            const sessions = [{ id: 'a', beat, ttlMs: TTL_MS }]
            const result = observe(state, { nowMs, sessions, ownBeatMs: nowMs - ownAgeMs })
            if (result.silent.length > 0) return false
            state = result.state
          }
          return true
        },
      ),
    )
  })

  it('names a session that stopped, once it reads regularly and is well itself', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: Math.floor(TTL_MS / 3) - 1 }), { minLength: 200, maxLength: 200 }),
        gaps => {
          let state = NEW_OBSERVER
          let nowMs = 0
          for (const gapMs of gaps) {
            nowMs += gapMs
            const result = observe(state, { nowMs, sessions: [{ id: 'a', beat: 7, ttlMs: TTL_MS }], ownBeatMs: nowMs })
            if (result.silent.length > 0) return nowMs >= TTL_MS
            state = result.state
          }
          return nowMs < 2 * TTL_MS
        },
      ),
    )
  })

  it('buries at most one at each look, and none before twice the TTL, when more than two fall silent together', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: BEAT_MS }), { minLength: 3, maxLength: 30 }),
        fc.integer({ min: 100, max: 5000 }),
        (stoppedAtMs, everyMs) => {
          let state = NEW_OBSERVER
          const open = new Map(stoppedAtMs.map((atMs, index) => [`s${index}`, atMs]))
          for (let nowMs = 0; nowMs < 3 * TTL_MS; nowMs += everyMs) {
            const sessions = Array.from(open, ([id, atMs]) => ({ id, beat: nowMs < atMs ? 1 : 2, ttlMs: TTL_MS }))
            const isMass = open.size >= 3
            const result = observe(state, { nowMs, sessions, ownBeatMs: nowMs })
            if (isMass && (result.silent.length > 1 || (result.silent.length > 0 && nowMs < 2 * TTL_MS))) return false
            for (const { id } of result.silent) open.delete(id)
            state = result.state
          }
          return true
        },
      ),
    )
  })
})

import assert from 'node:assert/strict'
import { hasCode } from '../../src/core/errors.ts'
import { brokenRelations, checkTiming, LAN_TIMING, LOCAL_TIMING, type Timing } from '../../src/supervisor/timing.ts'

describe('timing', () => {
  for (const [name, preset] of Object.entries({ local: LOCAL_TIMING, lan: LAN_TIMING })) {
    it(`of the ${name} preset fits together`, () => {
      assert.deepEqual(brokenRelations(preset), [])
    })

    const broken: Partial<Timing>[] = [
      { beatMs: preset.selfFenceMs / 2 },
      { selfFenceMs: preset.ttlMs * 0.7 },
      { sweepMs: preset.ttlMs / 3 },
      { sweepMaxMs: preset.ttlMs / 3 },
      { sweepMaxMs: preset.sweepMs / 2 },
      { beatMs: preset.ttlMs },
      { quietFactor: preset.selfFenceMs / preset.beatMs / 2 },
      { quietFactor: 0.5 },
      { killGraceMs: preset.ttlMs },
      { retryMaxMs: preset.selfFenceMs },
      { rankDelayMs: preset.sweepMs },
    ]
    it(`of the ${name} preset is refused when any relation is broken`, () => {
      for (const change of broken) {
        const changed = { ...preset, ...change }
        assert.throws(
          () => checkTiming(changed),
          error => hasCode(error, 'LF_TIMING'),
          JSON.stringify(change),
        )
      }
    })
  }
})

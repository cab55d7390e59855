import assert from 'node:assert/strict'
import { Pulse, PULSE_EVERY_MS, PULSE_MISSES } from '../../../src/mesh/libp2p/pulse.ts'
import { ManualClock } from '../../support/manual-clock.ts'

describe('pulse', () => {
  it('gives up a peer after several misses in a row', async () => {
    const { rounds, silent } = setUp(() => false)
    await rounds(PULSE_MISSES - 1)
    assert.deepEqual(silent, [])
    await rounds(1)
    assert.deepEqual(silent, ['anna'])
  })

  it('forgives single late answers', async () => {
    let round = 0
    const { rounds, silent } = setUp(() => round++ % PULSE_MISSES === 0)
    await rounds(5 * PULSE_MISSES)
    assert.deepEqual(silent, [])
  })

  it('asks nobody after it was stopped, and leaves no timer', async () => {
    const { rounds, silent, pulse, clock } = setUp(() => false)
    await rounds(PULSE_MISSES - 1)
    pulse.stop()
    await rounds(3)
    assert.deepEqual([silent, clock.pending], [[], 0])
  })
})

/** A peer that answers a ping when `answers` says so, and never otherwise. */
function setUp(answers: () => boolean) {
  const clock = new ManualClock()
  const silent: string[] = []
  const pulse = new Pulse({
    clock,
    ping: (_peer, signal) =>
      new Promise((resolve, reject) => {
        if (answers()) return resolve(undefined)
        const fail = () => reject(new Error('no answer'))
        if (signal.aborted) return fail()
        signal.addEventListener('abort', fail)
      }),
    onSilent: peer => silent.push(peer),
  })
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round++) {
      pulse.tick(clock.monotonicMs(), ['anna'])
      await clock.advance(PULSE_EVERY_MS)
    }
  }
  return { clock, silent, pulse, rounds }
}

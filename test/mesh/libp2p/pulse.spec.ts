import assert from 'node:assert/strict'
import { Pulse, PULSE_EVERY_MS, PULSE_MISSES } from '../../../src/mesh/libp2p/pulse.ts'

describe('pulse', () => {
  it('gives up a peer that was not heard for several looks in a row, and then looks at it anew', () => {
    const { look, silent } = setUp()
    look(1 + PULSE_MISSES - 1)
    assert.deepEqual(silent, [])
    look(1)
    assert.deepEqual(silent, ['anna'])
    look(PULSE_MISSES)
    assert.deepEqual(silent, ['anna'])
  })

  it('forgives single late beats', () => {
    const { look, silent, pulse } = setUp()
    for (let round = 0; round < 10; round++) {
      look(PULSE_MISSES - 1)
      pulse.heard('anna')
    }
    assert.deepEqual(silent, [])
  })

  it('beats to every peer at each look, and looks seldom', () => {
    const { look, beats, pulse } = setUp()
    look(2)
    pulse.tick(2 * PULSE_EVERY_MS - 1, ['anna'])
    assert.deepEqual(beats, ['anna', 'anna'])
  })

  it('counts anew for a peer that was away', () => {
    const { look, silent } = setUp()
    look(PULSE_MISSES)
    look(1, [])
    look(PULSE_MISSES)
    assert.deepEqual(silent, [])
  })
})

function setUp() {
  const silent: string[] = []
  const beats: string[] = []
  const pulse = new Pulse({ beat: peer => void beats.push(peer), onSilent: peer => void silent.push(peer) })
  let nowMs = 0
  const look = (times: number, peers = ['anna']) => {
    for (let time = 0; time < times; time++, nowMs += PULSE_EVERY_MS) pulse.tick(nowMs, peers)
  }
  return { silent, beats, pulse, look }
}

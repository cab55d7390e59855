import assert from 'node:assert/strict'
import { silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/random.ts'
import type { NewSession } from '../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { SessionKeeper } from '../../src/supervisor/session-keeper.ts'
import { LOCAL_TIMING } from '../../src/supervisor/timing.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'

const DESCRIPTION: NewSession = {
  id: 's',
  peer: 'p',
  name: 'p',
  host: 'h',
  pid: 1,
  kind: 'node',
  ttlMs: LOCAL_TIMING.ttlMs,
  addrs: [],
  queues: ['task'],
  capacity: 1,
  version: '0',
  labels: {},
}

describe('SessionKeeper', () => {
  it('raises the fence while a beat hangs', async () => {
    const clock = new ManualClock()
    let hangs = false
    const gate = Promise.withResolvers<void>()
    const ledger = intercept(openMemoryLedger({ clock, random: seededRandom(1) }), {
      beat: async (original, ...args) => {
        if (hangs) await gate.promise
        return original(...args)
      },
    })
    const fences: string[] = []
    const keeper = new SessionKeeper({
      ledger,
      clock,
      log: silentLog,
      timing: LOCAL_TIMING,
      describe: () => DESCRIPTION,
      report: () => ({ busy: 0, connected: [], addrs: [], draining: false }),
      onFence: reason => fences.push(reason),
      onEvicted: () => {},
      onFailure: () => {},
      onOpen: () => {},
    })
    await keeper.open()
    hangs = true
    await clock.advance(LOCAL_TIMING.selfFenceMs + 100)
    assert.deepEqual(fences, ['expired'])
    gate.resolve()
    await keeper.close()
    assert.equal(clock.pending, 0)
  })

  it('knows of its last beats how long ago they were sent', async () => {
    const clock = new ManualClock()
    const ledger = openMemoryLedger({ clock, random: seededRandom(1) })
    const keeper = new SessionKeeper({
      ledger,
      clock,
      log: silentLog,
      timing: LOCAL_TIMING,
      describe: () => DESCRIPTION,
      report: () => ({ busy: 0, connected: [], addrs: [], draining: false }),
      onFence: () => assert.fail(),
      onEvicted: () => {},
      onFailure: () => {},
      onOpen: () => {},
    })
    await keeper.open()
    const [{ beat: first } = assert.fail()] = await ledger.sessions()
    assert.equal(keeper.ageSince(first), 0)
    await clock.advance(LOCAL_TIMING.beatMs + 10)
    assert.deepEqual([keeper.ageSince(first), keeper.ageSince(first + 1)], [LOCAL_TIMING.beatMs + 10, 10])
    assert.deepEqual([keeper.ageSince(first - 1), keeper.ageSince(first + 2)], [Infinity, Infinity])
    await clock.advance(100 * LOCAL_TIMING.beatMs)
    assert.equal(keeper.ageSince(first), Infinity)
    await keeper.close()
  })
})

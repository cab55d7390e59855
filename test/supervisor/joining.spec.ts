import assert from 'node:assert/strict'
import { hasCode, LightflowError } from '../../src/core/errors.ts'
import { type Log, silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/random.ts'
import type { Ledger, NewSession } from '../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { SessionKeeper } from '../../src/supervisor/session-keeper.ts'
import { LAN_TIMING } from '../../src/supervisor/timing.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'

const DESCRIPTION: Omit<NewSession, 'id'> = {
  peer: 'p',
  name: 'p',
  host: 'h',
  pid: 1,
  kind: 'node',
  ttlMs: LAN_TIMING.ttlMs,
  addrs: [],
  queues: ['task'],
  capacity: 1,
  version: '0',
  labels: {},
}

describe('joining the mesh', () => {
  let clock: ManualClock
  let ledger: Ledger
  let isDown: boolean
  let told: string[]
  let keepers: SessionKeeper[]
  const random = seededRandom(1)

  beforeEach(() => {
    clock = new ManualClock()
    // No process can be proven dead: as on another host.
    ledger = openMemoryLedger({ clock, random })
    isDown = false
    told = []
    keepers = []
  })

  afterEach(async () => {
    isDown = false
    await Promise.all(keepers.map(keeper => keeper.close()))
    assert.equal(clock.pending, 0, 'timers are left')
  })

  function makeKeeper(id: string, line: Ledger = ledger): SessionKeeper {
    let numberOf = 0
    const log: Log = { ...silentLog, warn: message => void told.push(message) }
    const keeper = new SessionKeeper({
      ledger: line,
      clock,
      random,
      log,
      timing: LAN_TIMING,
      describe: () => ({ ...DESCRIPTION, id: numberOf++ === 0 ? id : `${id}-${numberOf}` }),
      report: () => ({ busy: 0, connected: [], addrs: [], draining: false }),
      onFence: () => {},
      onEvicted: () => {},
      onFailure: () => {},
      onOpen: () => {},
    })
    keepers.push(keeper)
    return keeper
  }

  const living = async () => (await ledger.sessions()).map(({ id }) => id)

  const awayLedger = () =>
    intercept(ledger, {
      openSession: async (original, ...args) => {
        if (isDown) throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'no answer')
        return original(...args)
      },
    })

  it('waits for a ledger that is not there yet, says so now and then, and joins when it is', async () => {
    isDown = true
    const opened = makeKeeper('one', awayLedger()).open()
    await clock.advance(10 * 60_000)
    assert.ok(told.length >= 10 && told.length <= 21, `told ${told.length} times in ten minutes`)
    assert.match(told[0] ?? '', /waits for it/)
    isDown = false
    await clock.advance(LAN_TIMING.retryMaxMs)
    await opened
    assert.deepEqual(await living(), ['one'])
  })

  it('leaves at once while it waits', async () => {
    isDown = true
    const opened = makeKeeper('one', awayLedger())
      .open()
      .catch((error: unknown) => error)
    await clock.advance(5000)
    void keepers[0]?.stop()
    assert.ok(hasCode(await opened, 'LF_PEER_LEAVING'))
  })

  it('leaves at once while a call hangs, and no session stays when it lands after all', async () => {
    const gate = Promise.withResolvers<void>()
    const line = intercept(ledger, {
      openSession: async (original, ...args) => {
        await gate.promise
        return original(...args)
      },
    })
    const keeper = makeKeeper('one', line)
    const opened = keeper.open().catch((error: unknown) => error)
    await clock.advance(5000)
    void keepers[0]?.stop()
    assert.ok(hasCode(await opened, 'LF_PEER_LEAVING'))
    await keeper.close()
    gate.resolve()
    await clock.advance(1)
    assert.deepEqual(await living(), [])
  })

  it('comes back by itself under its own name when its former session was silent for its TTL', async () => {
    await ledger.openSession({ ...DESCRIPTION, id: 'former' })
    const opened = makeKeeper('new').open()
    await clock.advance(LAN_TIMING.ttlMs - LAN_TIMING.sweepMs)
    assert.deepEqual(await living(), ['former'])
    assert.match(told.join(), /earlier session of this peer/)
    await clock.advance(2 * LAN_TIMING.sweepMs)
    await opened
    assert.deepEqual(await living(), ['new-2'])
    const dead = (await ledger.sessions(0)).find(({ id }) => id === 'former')
    assert.deepEqual([dead?.deathProof, dead?.buriedBy], ['silence', 'new'])
    assert.equal(keepers[0]?.valid, true, 'its lease counts from the opening that was granted')
  })

  it('is refused when a live process has its identity', async () => {
    const first = makeKeeper('first')
    await first.open()
    const refused = makeKeeper('clone')
      .open()
      .catch((error: unknown) => error)
    await clock.advance(2 * LAN_TIMING.beatMs)
    assert.ok(hasCode(await refused, 'LF_PEER_ALREADY_RUNNING'))
    assert.deepEqual(await living(), ['first'])
  })

  it('comes back by itself too when a process that had taken its place is gone', async () => {
    const first = makeKeeper('first')
    await first.open()
    await ledger.bury('first', 0, 'silence', 'usurper')
    await ledger.openSession({ ...DESCRIPTION, id: 'usurper' })
    await clock.advance(LAN_TIMING.ttlMs + 2 * LAN_TIMING.beatMs)
    const [session] = await ledger.sessions()
    assert.equal(session?.id, first.session)
    assert.notEqual(first.session, 'usurper')
  })

  it('does not take the silence of a ledger that it cannot read for that of its former session', async () => {
    await ledger.openSession({ ...DESCRIPTION, id: 'former' })
    let reads = 0
    const line = intercept(ledger, {
      sessionHeads: async (original, ...args) => {
        reads += 1
        // One answer, then none for longer than the TTL.
        if (reads > 1 && isDown) throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'no answer')
        return original(...args)
      },
    })
    const opened = makeKeeper('new', line).open()
    isDown = true
    await clock.advance(2 * LAN_TIMING.ttlMs)
    isDown = false
    await clock.advance(LAN_TIMING.ttlMs - LAN_TIMING.sweepMs)
    assert.deepEqual(await living(), ['former'])
    await clock.advance(3 * LAN_TIMING.sweepMs)
    await opened
    assert.deepEqual(await living(), ['new-2'])
  })
})

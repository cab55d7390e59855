import assert from 'node:assert/strict'
import { silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/random.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import type { FullReport } from '../../src/supervisor/beat-news.ts'
import { SessionKeeper } from '../../src/supervisor/session-keeper.ts'
import { SessionView } from '../../src/supervisor/session-view.ts'
import { LOCAL_TIMING } from '../../src/supervisor/timing.ts'
import { newSession } from '../ledger/contract/bench.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'

const CALM = { busy: 0, draining: false }

describe('A look at the sessions', () => {
  let clock: ManualClock
  let truth: Ledger
  let headsRead: string[]
  let view: SessionView

  beforeEach(async () => {
    clock = new ManualClock()
    truth = openMemoryLedger({ clock, random: seededRandom(1) })
    headsRead = []
    const ledger = intercept(truth, {
      sessionHeads: (original, ids) => {
        headsRead.push(...(ids ?? ['all']))
        return original(ids)
      },
    })
    view = new SessionView({ ledger, clock })
    for (const id of ['a', 'b']) await truth.openSession(newSession(id))
  })

  const look = async () => new Map((await view.look()).sessions.map(session => [session.id, session]))

  it('shows each with its beat of now, and reads what hardly ever changes once', async () => {
    await look()
    await truth.beat('a', 1, { ...CALM, busy: 1, draining: true })
    const seen = await look()
    assert.deepEqual([seen.get('a')?.beat, seen.get('a')?.busy, seen.get('a')?.state], [1, 1, 'draining'])
    assert.equal(seen.get('b')?.beat, 0)
    assert.deepEqual(headsRead, ['a', 'b'])
  })

  it('reads of those who are new, moved or are asked to drain', async () => {
    await look()
    await truth.beat('a', 1, { ...CALM, addrs: ['/ip4/10.0.0.9/tcp/9'] })
    await truth.openSession(newSession('c'))
    await truth.closeSession('b')
    const seen = await look()
    assert.deepEqual([...seen.keys()].sort(), ['a', 'c'])
    assert.deepEqual(seen.get('a')?.addrs, ['/ip4/10.0.0.9/tcp/9'])
    await truth.requestDrain('c', 'ann')
    assert.equal((await look()).get('c')?.drainAsked?.by, 'ann')
    assert.deepEqual(headsRead, ['a', 'b', 'a', 'c', 'c'])
  })

  it('is not misled by a read that is older than the one before', async () => {
    const [old] = await truth.sessionHeads(['a'])
    await truth.beat('a', 1, { ...CALM, addrs: ['/ip4/10.0.0.9/tcp/9'] })
    let isOld = true
    const behind = intercept(truth, { sessionHeads: (original, ids) => (isOld ? [old!] : original(ids)) })
    const misled = new SessionView({ ledger: behind, clock })
    await misled.look()
    isOld = false
    const seen = (await misled.look()).sessions.find(({ id }) => id === 'a')
    assert.deepEqual(seen?.addrs, ['/ip4/10.0.0.9/tcp/9'])
  })
})

describe('A beat', () => {
  it('tells again whom a peer is connected to only when that has changed, or was not acknowledged', async () => {
    const clock = new ManualClock()
    const told: (readonly string[] | undefined)[] = []
    let answers = true
    const ledger = intercept(openMemoryLedger({ clock, random: seededRandom(1) }), {
      beat: async (original, session, beat, report) => {
        told.push(report.connected)
        if (!answers) throw new Error('no answer')
        return original(session, beat, report)
      },
    })
    const report: FullReport = { ...CALM, connected: ['p'], addrs: [] }
    const keeper = new SessionKeeper({
      ledger,
      clock,
      log: silentLog,
      timing: LOCAL_TIMING,
      describe: () => newSession('s'),
      report: () => report,
      onFence: () => {},
      onEvicted: () => {},
      onFailure: () => {},
      onOpen: () => {},
    })
    await keeper.open()
    const { beatMs } = LOCAL_TIMING
    await clock.advance(2 * beatMs + 1)
    assert.deepEqual(told, [['p'], undefined])
    report.connected = ['p', 'q']
    answers = false
    await clock.advance(beatMs)
    answers = true
    await clock.advance(2 * beatMs)
    assert.deepEqual(told, [['p'], undefined, ['p', 'q'], ['p', 'q'], undefined])
    assert.deepEqual((await ledger.sessions())[0]?.connected, ['p', 'q'])
    await keeper.close()
  })
})

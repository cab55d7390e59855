import assert from 'node:assert/strict'
import { LightflowError } from '../../src/core/errors.ts'
import { silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/random.ts'
import type { Ledger, NewSession } from '../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { RULES } from '../../src/supervisor/rules.ts'
import { Sweep } from '../../src/supervisor/sweep.ts'
import { LOCAL_TIMING } from '../../src/supervisor/timing.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('Sweep', () => {
  let clock: ManualClock
  let isDown: boolean
  let isQuiet: boolean
  let reads: number
  let sweep: Sweep
  let buried: string[]

  beforeEach(() => {
    clock = new ManualClock()
    isDown = false
    isQuiet = false
    reads = 0
    const random = seededRandom(1)
    const ledger: Ledger = intercept(openMemoryLedger({ clock, random }), {
      sessionBeats: async original => {
        reads += 1
        if (isDown) throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'no answer')
        return original()
      },
    })
    buried = []
    sweep = makeSweep(ledger)
  })

  afterEach(() => sweep.stop())

  function makeSweep(ledger: Ledger): Sweep {
    return new Sweep({
      ledger,
      clock,
      random: seededRandom(1),
      log: silentLog,
      timing: LOCAL_TIMING,
      rules: RULES,
      isQuiet: () => isQuiet,
      self: () => ({ session: 'me', ackedMs: clock.monotonicMs(), valid: true }),
      onSessions: () => {},
      onBuried: ({ id }) => buried.push(id),
      onReclaimed: () => {},
      onSettled: () => {},
      onEnded: () => {},
      afterwards: async () => {},
    })
  }

  it('asks less and less often while the ledger does not answer, also when hints come', async () => {
    isDown = true
    sweep.start()
    for (let hint = 0; hint < 600; hint++) {
      await clock.advance(100)
      sweep.soon()
    }
    assert.ok(reads <= 22, `${reads} reads in a minute`)
    assert.ok(reads >= 12, `${reads} reads in a minute`)
  })

  it('sweeps at once, and at its own pace again, when the ledger answers', async () => {
    isDown = true
    sweep.start()
    await clock.advance(30_000)
    isDown = false
    reads = 0
    sweep.recovered()
    await clock.advance(1)
    assert.equal(reads, 1)
    await clock.advance(10_000)
    assert.ok(reads >= 16, `${reads} reads in 10 s`)
  })

  it('asks for all that it looks at in one go, as soon as it knows who is there', async () => {
    const { asked, ledger } = recording(openMemoryLedger({ clock, random: seededRandom(1), isGone: () => false }))
    for (const id of ['me', 'other']) await ledger.openSession(newSession(id))
    await sweep.stop()
    sweep = makeSweep(ledger)
    sweep.start()
    await clock.advance(1)
    asked.length = 0
    sweep.soon()
    // Before any answer.
    assert.deepEqual(asked.toSorted(), ['probe', 'reclaim', 'sessionBeats', 'settle'])
    await clock.advance(1)
    assert.equal(asked.length, 4)
  })

  it('takes the tasks of whom it finds dead over in the same turn, also of one that has come since it last looked', async () => {
    const gone = new Set<string>()
    const isGone = (session: string): boolean => gone.has(session)
    const { asked, ledger } = recording(openMemoryLedger({ clock, random: seededRandom(1), isGone }))
    for (const id of ['me', 'first']) await ledger.openSession(newSession(id))
    await sweep.stop()
    sweep = makeSweep(ledger)
    sweep.start()
    await clock.advance(1)
    await ledger.openSession(newSession('second'))
    for (const id of ['first', 'second']) gone.add(id)
    asked.length = 0
    sweep.soon()
    await clock.advance(1)
    assert.deepEqual(buried.toSorted(), ['first', 'second'])
    assert.equal(asked.at(-1), 'reclaim')
  })

  it('looks less often while there is no work, and at its usual pace when there is', async () => {
    isQuiet = true
    sweep.start()
    await clock.advance(20_000)
    const { sweepMs, quietFactor } = LOCAL_TIMING
    const most = (20_000 / sweepMs / quietFactor) * 1.3
    assert.ok(reads <= most && reads >= most / 2, `${reads} reads in 20 s`)
    isQuiet = false
    await clock.advance(2 * quietFactor * sweepMs)
    reads = 0
    await clock.advance(10_000)
    assert.ok(reads >= 16, `${reads} reads in 10 s`)
  })
})

/** Names what is asked of a ledger, in order. */
function recording(ledger: Ledger): { asked: string[]; ledger: Ledger } {
  const asked: string[] = []
  const note =
    (name: string) =>
    (original: (...args: never[]) => unknown, ...args: never[]): unknown => {
      asked.push(name)
      return original(...args)
    }
  const names = ['sessionBeats', 'probe', 'bury', 'reclaim', 'settle'] as const
  return { asked, ledger: intercept(ledger, Object.fromEntries(names.map(name => [name, note(name)]))) }
}

function newSession(id: string): NewSession {
  const { ttlMs } = LOCAL_TIMING
  const facts = {
    host: 'here',
    pid: 1,
    version: '1',
    kind: 'node',
    addrs: [],
    queues: ['task'],
    capacity: 1,
    labels: {},
  } as const
  return { ...facts, addrs: [], queues: ['task'], id, peer: `peer-${id}`, name: id, ttlMs }
}

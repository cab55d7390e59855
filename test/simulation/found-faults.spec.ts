/** Faults that simulations found, each in its smallest form and named after what happened. */
import assert from 'node:assert/strict'
import { LightflowError } from '../../src/core/errors.ts'
import { silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/random.ts'
import { NEW_OBSERVER, observe } from '../../src/lease/observer.ts'
import type { Ledger, NewSession } from '../../src/ledger/ledger.ts'
import type { FullReport } from '../../src/supervisor/beat-news.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { SessionKeeper } from '../../src/supervisor/session-keeper.ts'
import { LOCAL_TIMING } from '../../src/supervisor/timing.ts'
import { untilFreshlyAnswered } from '../../src/supervisor/until-answered.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { dagPlan, taskPlan } from '../support/memory-peers.ts'
import { rewired } from './guard-seams.ts'

const REPORT: FullReport = { busy: 0, connected: [], addrs: [], draining: false }

describe('faults that simulations found', () => {
  let clock: ManualClock
  let ledger: Ledger
  let ids = 0

  beforeEach(() => {
    clock = new ManualClock()
    ledger = openMemoryLedger({ clock, random: seededRandom(1) })
  })

  const describeSession = (): NewSession => ({ ...SESSION, id: `session-${(ids += 1)}` })

  function makeKeeper(line: Ledger): SessionKeeper {
    return new SessionKeeper({
      ledger: line,
      clock,
      log: silentLog,
      timing: LOCAL_TIMING,
      describe: describeSession,
      report: () => REPORT,
      onFence: () => {},
      onEvicted: () => {},
      onFailure: () => {},
      onOpen: () => {},
    })
  }

  it('locked a buried peer out for ever when the answer to its new opening was lost', async () => {
    let losesAnswers = false
    const line = rewired(ledger, {
      openSession: async session => {
        const opened = await ledger.openSession(session)
        if (losesAnswers) throw unanswered()
        return opened
      },
    })
    const keeper = makeKeeper(line)
    await keeper.open()
    const first = keeper.session
    await ledger.bury(first, 0, 'silence', 'other')
    losesAnswers = true
    await clock.advance(2 * LOCAL_TIMING.beatMs)
    losesAnswers = false
    await clock.advance(3 * LOCAL_TIMING.beatMs)
    assert.notEqual(keeper.session, first)
    assert.deepEqual(
      (await ledger.sessions()).map(({ id }) => id),
      [keeper.session],
    )
    await keeper.close()
  })

  it('dated a lease from a beat that had arrived before and so proved nothing to the observers', async () => {
    const sent: number[] = []
    let losesAnswers = true
    const line = rewired(ledger, {
      beat: async (session, beat, report) => {
        sent.push(beat)
        const answer = await ledger.beat(session, beat, report)
        if (losesAnswers) throw unanswered()
        return answer
      },
    })
    const keeper = makeKeeper(line)
    await keeper.open()
    await clock.advance(3 * LOCAL_TIMING.beatMs)
    losesAnswers = false
    await clock.advance(2 * LOCAL_TIMING.beatMs)
    assert.ok(sent.length >= 4)
    assert.deepEqual(sent, [...new Set(sent)], 'each try changes the session')
    await keeper.close()
  })

  it('started a task on an answer that had been under way for so long that the task was given back and run elsewhere', async () => {
    const answers = ['held', 'lost']
    const asked: string[] = []
    const operation = async () => {
      const answer = answers[asked.length] ?? 'none'
      asked.push(answer)
      if (answer === 'held') await clock.sleep(30_000)
      return answer
    }
    const parts = { clock, random: seededRandom(1), timing: LOCAL_TIMING, signal: new AbortController().signal }
    const answered = untilFreshlyAnswered(operation, parts)
    await clock.advance(60_000)
    assert.equal(await answered, 'lost')
  })

  it('buried a whole mesh one by one because its peers had not stopped at the very same moment', () => {
    const ttlMs = 20_000
    let state = NEW_OBSERVER
    for (let nowMs = 0; nowMs < 2 * ttlMs; nowMs += 500) {
      const sessions = [0, 400, 800, 1200, 1600].map((stoppedMs, index) => ({
        id: `s${index}`,
        beat: nowMs < stoppedMs ? 1 : 2,
        ttlMs,
      }))
      const result = observe(state, { nowMs, sessions, ownBeatMs: nowMs })
      assert.deepEqual(result.silent, [], `at ${nowMs} ms`)
      state = result.state
    }
  })

  it('counted and appended twice when the answer to a write was lost', async () => {
    await ledger.openSession(describeSession())
    const session = `session-${ids}`
    const plan = { name: 'w', description: '', dags: [dagPlan('main', [taskPlan('x')])], options: [] }
    const origin = { bundle: 'b', args: {}, submittedBy: 'test', keepData: true, priority: 0, queue: null }
    await ledger.submit({ id: 'r', plan, ...origin })
    const [claimed] = await ledger.claim(session, [{ task: 'r/main:1/x', claimId: 'c' }])
    assert.ok(claimed)
    for (let time = 0; time < 2; time++) {
      const count = { kind: 'increment', section: 'data', path: 'count', value: 1 } as const
      await ledger.storeWrite(claimed.claim, count, 'one')
      await ledger.storeWrite(claimed.claim, { kind: 'push', section: 'data', path: 'list', value: 7 }, 'two')
    }
    assert.equal(await ledger.storeGet('r', 'data', 'count'), 1)
    assert.deepEqual(await ledger.storeGet('r', 'data', 'list'), [7])
    const result = { outcome: 'done', out: null, limit: null, skipSuccessors: false, error: null } as const
    await ledger.complete(claimed.claim, result)
    assert.equal(await ledger.storeGet('r', 'meta', 'writes'), undefined, 'what is known of them goes with the claim')
  })
})

function unanswered(): LightflowError {
  return new LightflowError('LF_LEDGER_UNAVAILABLE', 'No answer.')
}

const SESSION = {
  peer: 'p',
  name: 'p',
  host: 'h',
  pid: 1,
  kind: 'node' as const,
  ttlMs: 20_000,
  addrs: [],
  queues: ['task'],
  capacity: 1,
  version: '0',
  labels: {},
}

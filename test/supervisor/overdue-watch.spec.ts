import assert from 'node:assert/strict'
import { silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/random.ts'
import { OVERDUE_GRACE_MS } from '../../src/lease/overdue.ts'
import { newSession } from '../../src/lease/session-life.ts'
import type { ClaimedTask, Ledger } from '../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { OverdueWatch } from '../../src/supervisor/overdue-watch.ts'
import { RULES } from '../../src/supervisor/rules.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { dagPlan, taskPlan } from '../support/memory-peers.ts'

const TIMEOUT_MS = 60_000
const ORIGIN = { bundle: 'b', args: {}, submittedBy: 'test', keepData: true, priority: 0, queue: null }
const DONE = { outcome: 'done', out: null, limit: null, skipSuccessors: false, error: null } as const

describe('OverdueWatch', () => {
  let clock: ManualClock
  let ledger: Ledger
  let watch: OverdueWatch

  beforeEach(async () => {
    clock = new ManualClock()
    ledger = openMemoryLedger({ clock, random: seededRandom(1) })
    for (const id of ['me', 'other']) {
      const given = { id, peer: `peer-${id}`, name: id, host: 'h', pid: 1, kind: 'node', ttlMs: 20_000 } as const
      const rest = { addrs: [], queues: ['task'], capacity: 1, version: '0', labels: {} }
      await ledger.openSession(newSession({ ...given, ...rest }, 0))
    }
    watch = new OverdueWatch({ ledger, clock, log: silentLog, rules: RULES, onEnded: () => {} })
  })

  async function claim(more: Parameters<typeof taskPlan>[1]): Promise<ClaimedTask> {
    const plan = { name: 'w', description: '', dags: [dagPlan('main', [taskPlan('x', more)])], options: [] }
    await ledger.submit({ id: 'r', plan, ...ORIGIN })
    const [claimed] = await ledger.claim('other', [{ task: 'r/main:1/x', claimId: 'c' }])
    assert.ok(claimed)
    return claimed
  }

  async function watchFor(forMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < forMs; passedMs += 1000) {
      await watch.look('me', ['me', 'other'])
      await clock.advance(1000)
    }
  }

  const state = async () => (await ledger.task('r/main:1/x'))?.state

  it('ends a task that its owner should have ended long ago, as its time-out', async () => {
    const { claim: held } = await claim({ timeoutMs: TIMEOUT_MS, retries: 1 })
    await watchFor(TIMEOUT_MS + OVERDUE_GRACE_MS)
    assert.equal(await state(), 'claimed')
    await watchFor(11_000)
    const task = await ledger.task('r/main:1/x')
    assert.deepEqual([task?.state, task?.failures, task?.history[0]?.end], ['ready', 1, 'timed-out'])
    const { accepted } = await ledger.complete(held, DONE)
    assert.equal(accepted, false, 'the owner learns that its result came too late')
  })

  it('makes an exclusive task lost, since its body may still be at work', async () => {
    await claim({ timeoutMs: TIMEOUT_MS, retries: 1, effect: 'exclusive' })
    await watchFor(TIMEOUT_MS + OVERDUE_GRACE_MS + 11_000)
    assert.equal(await state(), 'lost')
  })

  it('gives the owner its time again after nobody could reach the ledger: what ended in time may not be recorded yet', async () => {
    const { claim: held } = await claim({ timeoutMs: TIMEOUT_MS })
    await watchFor(TIMEOUT_MS / 2)
    await clock.advance(TIMEOUT_MS / 2 + OVERDUE_GRACE_MS + 11_000)
    await watchFor(5000)
    const { accepted } = await ledger.complete(held, DONE)
    assert.equal(accepted, true)
  })

  it('ends an overdue task after an outage too, when its owner does nothing about it', async () => {
    await claim({ timeoutMs: TIMEOUT_MS, retries: 1 })
    await watchFor(TIMEOUT_MS / 2)
    await clock.advance(10 * TIMEOUT_MS)
    await watchFor(OVERDUE_GRACE_MS + 21_000)
    assert.equal(await state(), 'ready')
  })

  it('leaves a task alone that has no time limit', async () => {
    await claim({ timeoutMs: null })
    await watchFor(10 * TIMEOUT_MS)
    assert.equal(await state(), 'claimed')
  })

  it('counts from the claim that it sees now, not from an earlier one', async () => {
    const { claim: first } = await claim({ timeoutMs: TIMEOUT_MS, retries: 1 })
    await watchFor(TIMEOUT_MS)
    await ledger.release(first, { reason: 'test', notBefore: null, uncounted: true })
    await ledger.claim('other', [{ task: 'r/main:1/x', claimId: 'd' }])
    await watchFor(TIMEOUT_MS)
    assert.equal(await state(), 'claimed')
  })
})

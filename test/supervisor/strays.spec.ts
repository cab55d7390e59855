import assert from 'node:assert/strict'
import { silentLog } from '../../src/core/log.ts'
import type { Claim } from '../../src/lease/records.ts'
import { Capacity } from '../../src/supervisor/capacity.ts'
import { Attempts } from '../../src/supervisor/attempts.ts'
import type { AttemptsParts } from '../../src/supervisor/attempts-parts.ts'
import { MAX_UNRECORDED, Unrecorded } from '../../src/supervisor/reconcile.ts'
import { RULES } from '../../src/supervisor/rules.ts'
import { RECONCILE_EVERY_MS } from '../../src/supervisor/timing.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { patched } from '../simulation/guards/without-guard.ts'
import { eventually } from '../support/eventually.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryPeers, dagPlan, taskPlan } from '../support/memory-peers.ts'

const HELD: Claim = { task: 'r/main:1/x', epoch: 1, claimId: 'c' }

describe('what a peer holds and does not run', () => {
  let clock: ManualClock
  let released: string[]
  let asBegun: unknown[]
  let readMs: number
  let attempts: Attempts

  beforeEach(() => {
    clock = new ManualClock()
    released = []
    asBegun = []
    readMs = 0
    const ledger = {
      claimsOf: async () => {
        await clock.sleep(readMs)
        return [HELD]
      },
      release: async ({ claimId }: Claim, { begun }: { begun?: boolean }) => {
        released.push(claimId)
        asBegun.push(begun)
        return true
      },
    }
    const capacity = new Capacity(1)
    const mesh = { peer: 'me' }
    attempts = new Attempts({ ledger, mesh, clock, capacity, log: silentLog, rules: RULES } as unknown as AttemptsParts)
  })

  afterEach(() => attempts.stop())

  async function look(): Promise<void> {
    const looked = attempts.compareWithLedger('s')
    await clock.advance(readMs)
    await looked
  }

  it('is given back when it was seen twice', async () => {
    await look()
    assert.deepEqual(released, [])
    await clock.advance(RECONCILE_EVERY_MS)
    await look()
    assert.deepEqual(released, ['c'])
  })

  it('is given back as never begun, so that an exclusive task needs no person to decide', async () => {
    await look()
    await clock.advance(RECONCILE_EVERY_MS)
    await look()
    assert.deepEqual(asBegun, [false])
  })

  it('is left alone while the answer to its claim is under way', async () => {
    const answered = attempts.awaiting(['c'])
    for (let time = 0; time < 4; time++) {
      await look()
      await clock.advance(RECONCILE_EVERY_MS)
    }
    assert.deepEqual(released, [])
    answered()
    await look()
    await clock.advance(RECONCILE_EVERY_MS)
    await look()
    assert.deepEqual(released, ['c'])
  })

  it('is not seen twice within a moment because the first look was slow', async () => {
    readMs = RECONCILE_EVERY_MS - 1
    await look()
    readMs = 0
    await clock.advance(2)
    await look()
    assert.deepEqual(released, [])
  })
})

describe('an exclusive task that hands itself over', () => {
  let peers: MemoryPeers
  const noted: string[] = []
  let restore: () => void

  beforeEach(() => {
    peers = new MemoryPeers()
    noted.length = 0
    restore = patched(Unrecorded.prototype, 'note', claim => void noted.push(claim.task))
  })

  afterEach(async () => {
    restore()
    await peers.close()
  })

  /** Its second attempt is its last. */
  async function handOver(ledger: Ledger): Promise<void> {
    let attempts = 0
    await peers.add(
      'a',
      async () => {
        attempts += 1
        if (attempts === 1) return { outcome: 'handed-over', error: { code: 'LF_HAND_OVER', message: 'on it goes' } }
        return {}
      },
      { ledger },
    )
    await peers.submit('r', [dagPlan('main', [taskPlan('trigger', { effect: 'exclusive' })])])
    await eventually(() => attempts === 2)
  }

  it('is not remembered once the ledger has it back: a trigger does that for weeks', async () => {
    await handOver(peers.ledger)
    assert.deepEqual(noted, [])
  })

  it('is remembered when that is not known', async () => {
    await handOver(
      intercept(peers.ledger, {
        release: async (original, ...args) => {
          await original(...args)
          return false
        },
      }),
    )
    assert.deepEqual(noted, ['r/main:1/trigger'])
  })
})

describe('exclusive tasks whose body began and of which nothing was recorded', () => {
  it('are known by their whole claim: under the same claim id another task may be claimed', () => {
    const unrecorded = new Unrecorded()
    unrecorded.note(HELD)
    const others = [HELD, { ...HELD, task: 'r/main:1/y' }, { ...HELD, epoch: 2 }, { ...HELD, claimId: 'd' }]
    assert.deepEqual(
      others.map(claim => unrecorded.mayHold(claim)),
      [true, false, false, false],
    )
  })

  it('may be any when there were too many to remember', () => {
    const unrecorded = new Unrecorded()
    for (let number = 0; number < MAX_UNRECORDED; number++) unrecorded.note({ ...HELD, claimId: `${number}` })
    assert.equal(unrecorded.mayHold(HELD), false)
    unrecorded.note({ ...HELD, claimId: 'one more' })
    assert.equal(unrecorded.mayHold(HELD), true)
  })
})

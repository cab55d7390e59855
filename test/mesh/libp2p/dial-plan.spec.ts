import assert from 'node:assert/strict'
import { seededRandom } from '../../../src/core/random.ts'
import { DialPlan } from '../../../src/mesh/libp2p/dial-plan.ts'
import { MAX_DIALS_AT_ONCE, MAX_RETRIES_AT_ONCE } from '../../../src/mesh/mesh-limits.ts'

const nobody = () => false

describe('dial plan', () => {
  it('dials at once whom it is to dial, and gives the others a head start', () => {
    const plan = newPlan({ headStartMs: 3000 })
    plan.setTargets([...targets('a'), ...waiting('b')], 0)
    assert.deepEqual(keys(plan.start(0, nobody)), ['a'])
    assert.deepEqual(keys(plan.start(2999, key => key === 'a')), [])
    assert.deepEqual(keys(plan.start(6000, key => key === 'a')), ['b'])
  })

  it('does not wait longer for a peer that it is told of again and again', () => {
    const plan = newPlan({ headStartMs: 3000 })
    for (let told = 0; told < 10; told++) {
      plan.setTargets([{ key: 'a', addrs: [`/to/a/${told}`], waits: true }], told * 1000)
    }
    assert.deepEqual(keys(plan.start(6000, nobody)), ['a'])
  })

  it('waits longer after each failure, up to the cap, and never gives up', () => {
    const plan = newPlan({ firstDelayMs: 100, maxDelayMs: 2000 })
    plan.setTargets(targets('a'), 0)
    const waits = Array.from({ length: 50 }, () => failOnce(plan, 'a'))
    for (const [tries, waitMs] of waits.entries()) {
      const fullMs = Math.min(2000, 100 * 2 ** tries)
      assert.ok(waitMs >= fullMs / 2 && waitMs <= fullMs, `${waitMs} ms after ${tries + 1} tries`)
    }
    assert.ok(new Set(waits).size > 40, 'the waits are jittered')
  })

  it('dials again soon when a peer that was connected is lost', () => {
    const plan = newPlan({ firstDelayMs: 100 })
    plan.setTargets(targets('a'), 0)
    for (let tries = 0; tries < 8; tries++) failOnce(plan, 'a')
    plan.connected('a')
    plan.disconnected('a', 500_000)
    assert.deepEqual(keys(plan.start(500_100, nobody)), ['a'])
    plan.ended('a', 500_100)
    assert.ok(plan.nextDueMs(nobody)! <= 500_200)
  })

  it('leaves it to who has the first turn for a while to dial again', () => {
    const plan = newPlan({ firstDelayMs: 100, headStartMs: 3000 })
    plan.setTargets([...waiting('a'), ...targets('z')], 0)
    plan.disconnected('a', 1000)
    plan.disconnected('z', 1000)
    assert.deepEqual(keys(plan.start(1100, nobody)), ['z'])
    assert.deepEqual(keys(plan.start(3999, nobody)), [])
    assert.deepEqual(keys(plan.start(7100, nobody)), ['a'])
  })

  it('tells whom it has dialled since they were last connected', () => {
    const plan = newPlan({ headStartMs: 3000 })
    plan.setTargets([...targets('a'), ...waiting('b')], 0)
    plan.start(0, nobody)
    assert.deepEqual([plan.isTried('a'), plan.isTried('b'), plan.isTried('c')], [true, false, false])
    plan.connected('a')
    assert.equal(plan.isTried('a'), false)
  })

  it('dials no peer twice at the same time, and none that is connected', () => {
    const plan = newPlan()
    plan.setTargets(targets('a', 'b'), 0)
    assert.deepEqual(keys(plan.start(1000, key => key === 'b')), ['a'])
    assert.deepEqual(keys(plan.start(9000, key => key === 'b')), [])
    assert.equal(
      plan.nextDueMs(key => key === 'b'),
      undefined,
    )
  })

  it('dials a bounded number at once, and those that never failed before all others', () => {
    const plan = newPlan()
    const dead = targets(...Array.from({ length: 40 }, (_, index) => `dead ${index}`))
    plan.setTargets(dead, 0)
    assert.equal(plan.start(0, nobody).length, MAX_DIALS_AT_ONCE)
    for (const { key } of dead) plan.ended(key, 0)
    for (let atMs = 10_000; atMs < 100_000; atMs += 10_000) {
      const started = plan.start(atMs, nobody)
      assert.ok(started.length <= MAX_DIALS_AT_ONCE)
      for (const { key } of started) plan.ended(key, atMs)
    }
    assert.equal(plan.start(200_000, nobody).length, MAX_RETRIES_AT_ONCE)
    plan.setTargets([...dead, ...targets('alive')], 200_000)
    assert.deepEqual(keys(plan.start(200_000, nobody)), ['alive'])
  })

  it('starts afresh for a peer whose addresses changed, and forgets one that left', () => {
    const plan = newPlan()
    plan.setTargets(targets('a', 'b'), 0)
    for (let tries = 0; tries < 8; tries++) failOnce(plan, 'a')
    const moved = { key: 'a', addrs: ['/new'], waits: false }
    plan.setTargets([moved], 100_000)
    assert.deepEqual(plan.start(100_000, nobody), [moved])
  })
})

function newPlan(options: Partial<ConstructorParameters<typeof DialPlan>[0]> = {}): DialPlan {
  const pacing = { firstDelayMs: 100, maxDelayMs: 2000, headStartMs: 0 }
  return new DialPlan({ random: seededRandom(7), ...pacing, ...options })
}

function targets(...peers: string[]) {
  return peers.map(key => ({ key, addrs: [`/to/${key}`], waits: false }))
}

/** Those that are to dial us. */
function waiting(...peers: string[]) {
  return targets(...peers).map(target => ({ ...target, waits: true }))
}

function keys(dialled: { key: string }[]): string[] {
  return dialled.map(({ key }) => key)
}

/** Lets the next dial of `key` fail; returns how long the plan waits then. */
function failOnce(plan: DialPlan, key: string): number {
  const atMs = plan.nextDueMs(nobody) ?? 0
  plan.start(atMs, nobody)
  plan.ended(key, atMs)
  return plan.nextDueMs(nobody)! - atMs
}

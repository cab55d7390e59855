import assert from 'node:assert/strict'
import { RepeatedTurn } from '../../src/supervisor/background.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

describe('RepeatedTurn', () => {
  const clock = new ManualClock()

  it('runs once more, and only once, when it is woken during a turn', async () => {
    const gates: (() => void)[] = []
    let turns = 0
    const repeated = new RepeatedTurn(
      clock,
      () => {
        turns += 1
        return new Promise<void>(resolve => gates.push(resolve))
      },
      { everyMs: null, onHealth: () => {} },
    )
    repeated.wake()
    repeated.wake()
    repeated.wake()
    assert.equal(turns, 1)
    gates.shift()?.()
    await settle()
    assert.equal(turns, 2)
    gates.shift()?.()
    await settle()
    assert.equal(turns, 2)
    await repeated.stop()
  })

  it('comes again by itself after its pause', async () => {
    let turns = 0
    const repeated = new RepeatedTurn(clock, async () => void (turns += 1), { everyMs: () => 100, onHealth: () => {} })
    repeated.wake()
    await clock.advance(350)
    assert.equal(turns, 4)
    await repeated.stop()
  })

  it('makes one turn of all that is asked for within a time, also when a turn comes before', async () => {
    let turns = 0
    const own = new ManualClock()
    const repeated = new RepeatedTurn(own, async () => void (turns += 1), { everyMs: null, onHealth: () => {} })
    for (let ask = 0; ask < 10; ask++) {
      repeated.wakeWithin(200)
      await own.advance(10)
    }
    assert.equal(turns, 0)
    await own.advance(200)
    assert.equal(turns, 1)
    repeated.wakeWithin(200)
    repeated.wake()
    await own.advance(1000)
    assert.equal(turns, 2)
    await repeated.stop()
  })

  it('tells once that turns fail, goes on trying, and tells once that they succeed again', async () => {
    const told: unknown[] = []
    let failing = true
    const repeated = new RepeatedTurn(
      clock,
      async () => {
        if (failing) throw new Error('no ledger')
      },
      { everyMs: () => 100, onHealth: error => told.push(error) },
    )
    repeated.wake()
    await clock.advance(300)
    failing = false
    await clock.advance(300)
    assert.equal(told.length, 2)
    assert.match(String(told[0]), /no ledger/)
    assert.equal(told[1], null)
    await repeated.stop()
  })

  it('leaves no timer and runs no turn after it was stopped', async () => {
    let turns = 0
    const own = new ManualClock()
    const repeated = new RepeatedTurn(own, async () => void (turns += 1), { everyMs: () => 100, onHealth: () => {} })
    repeated.wake()
    repeated.wakeAfter(50)
    await settle()
    repeated.wakeWithin(50)
    await repeated.stop()
    assert.equal(own.pending, 0)
    repeated.wake()
    await own.advance(1000)
    assert.equal(turns, 1)
  })
})

import assert from 'node:assert/strict'
import { seededRandom } from '../../../src/core/random.ts'
import { whenFree } from '../../../src/ledger/sqlite/busy-retry.ts'
import { pauseMs, WriteTurns } from '../../../src/ledger/sqlite/write-turns.ts'
import { ManualClock } from '../../support/manual-clock.ts'

describe('turns to write', () => {
  it('looks seldom while its wait is shorter than usual, and often from then on', () => {
    const random = { float: () => 0.5 }
    assert.equal(pauseMs({ waitedMs: 0, usualWaitMs: 0 }, random), 0.25)
    assert.equal(pauseMs({ waitedMs: 0, usualWaitMs: 40 }, random), 24)
    assert.equal(pauseMs({ waitedMs: 30, usualWaitMs: 40 }, random), 1.5)
    assert.equal(pauseMs({ waitedMs: 40, usualWaitMs: 40 }, random), 1)
  })

  it('never pauses for long, however long the waits have become', () => {
    assert.equal(pauseMs({ waitedMs: 0, usualWaitMs: 60_000 }, seededRandom(1)), 50)
  })

  it('writes again at once when nobody else wants to', async () => {
    const clock = new ManualClock()
    const turns = new WriteTurns({ clock, random: seededRandom(1) })
    for (let turn = 0; turn < 3; turn++) {
      await turns.take(() => {})
      turns.end()
    }
    assert.equal(clock.pending, 0)
  })

  it('leaves a gap after its turn when it has met others', async () => {
    const clock = new ManualClock()
    const turns = new WriteTurns({ clock, random: seededRandom(1) })
    const tries = [true, false]
    const first = turns.take(() => {
      if (tries.shift() === true) throw busy()
    })
    await clock.advance(10)
    await first
    turns.end()
    let isTaken = false
    const second = turns.take(() => void (isTaken = true))
    await clock.advance(0.1)
    assert.equal(isTaken, false)
    await clock.advance(0.4)
    await second
    assert.equal(isTaken, true)
  })

  it('lets nobody wait much longer than the others, though all want to write all the time', async () => {
    const fair = await longWaitMs(turn => new WriteTurns(turn))
    const lottery = await longWaitMs(turn => ({ take: begin => whenFree(begin, turn), end() {} }))
    assert.ok(fair < 100, `one in a hundred waited ${fair} ms for eight turns of 3 ms`)
    assert.ok(lottery > 2 * fair, `without the rules it would be ${lottery} ms, with them ${fair} ms`)
  })
})

type Turn = ConstructorParameters<typeof WriteTurns>[0]
type Turns = Pick<WriteTurns, 'take' | 'end'>

/** The 99th percentile of the waits of eight writers in virtual time, each of which begins anew as soon as it has written. */
async function longWaitMs(makeTurns: (turn: Turn) => Turns): Promise<number> {
  const clock = new ManualClock()
  const random = seededRandom(7)
  const endsMs = clock.monotonicMs() + 2000
  let isTaken = false
  const waits: number[] = []
  const begin = () => {
    if (isTaken) throw busy()
    isTaken = true
  }
  const write = async (turns: Turns) => {
    while (clock.monotonicMs() < endsMs) {
      const wantedMs = clock.monotonicMs()
      await turns.take(begin)
      waits.push(clock.monotonicMs() - wantedMs)
      await clock.sleep(2 + 2 * random.float())
      isTaken = false
      turns.end()
      await clock.sleep(0.1)
    }
  }
  const writers = Array.from({ length: 8 }, () => write(makeTurns({ clock, random })))
  await clock.advance(5000)
  await Promise.all(writers)
  return waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.99)] ?? 0
}

function busy(): Error {
  return Object.assign(new Error('database is locked'), { errcode: 5 })
}

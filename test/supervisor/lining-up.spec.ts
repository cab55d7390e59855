import assert from 'node:assert/strict'
import { Capacity } from '../../src/supervisor/capacity.ts'
import { ClaimsAhead } from '../../src/supervisor/claims-ahead.ts'
import { Turn } from '../../src/supervisor/turn.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('claims ahead that line up in the workers', () => {
  let clock: ManualClock
  let capacity: Capacity
  let ahead: ClaimsAhead
  let placed: string[]
  let givenBack: string[]
  /** How many a worker gave back before it had begun them. */
  let backs: number
  beforeEach(() => {
    clock = new ManualClock()
    capacity = new Capacity(1)
    ahead = new ClaimsAhead(clock, capacity)
    placed = []
    givenBack = []
    backs = 0
  })

  function add(name: string, mayLineUp = true): Turn {
    const actions = { onPlace: () => void placed.push(name), giveBack: () => void givenBack.push(name) }
    const turn = new Turn(ahead, mayLineUp, actions)
    ahead.add(turn)
    return turn
  }
  const addMany = (count: number) => Array.from({ length: count }, (_, index) => add(`t${index}`))
  /** What an attempt does, with a worker that has or has not begun it. */
  const lineUpAll = async (turns: readonly Turn[], hasBegun = false): Promise<Turn[]> => {
    const lined = turns.filter(turn => turn.mayStillLineUp)
    for (const turn of lined) {
      assert.equal(await turn.next(), 'line-up')
      turn.linedUp(() => {
        if (hasBegun) turn.comes()
        else backs += 1
        return !hasBegun
      })
    }
    return lined
  }

  it('are a few for each place, the first first, and more only when half of them are through', async () => {
    capacity.take(1)
    const turns = addMany(20)
    ahead.fill()
    const lined = await lineUpAll(turns)
    assert.deepEqual(lined, turns.slice(0, 8))
    const come = (turn: Turn): void => {
      turn.comes()
      capacity.give(1)
      ahead.fill()
    }
    for (const turn of turns.slice(0, 3)) come(turn)
    assert.deepEqual(await lineUpAll(turns), [])
    come(turns[3]!)
    assert.deepEqual(await lineUpAll(turns), turns.slice(8, 12))
    assert.deepEqual(placed, ['t0', 't1', 't2', 't3'])
  })

  it('are none of those that something has to be fetched for', async () => {
    capacity.take(1)
    const turns = [add('far', false), add('near')]
    ahead.fill()
    assert.deepEqual(await lineUpAll(turns), [turns[1]])
  })

  it('get the place of the one before them, which then has none to give', async () => {
    capacity.take(1)
    const turns = addMany(2)
    ahead.fill()
    await lineUpAll(turns)
    turns[0]!.comes()
    assert.equal(capacity.taken, 2)
    assert.equal(capacity.isOver, true)
    turns[0]!.comes()
    assert.equal(capacity.taken, 2, 'once')
    capacity.give(1)
    assert.equal(capacity.isOver, false)
    assert.deepEqual(placed, ['t0'])
    assert.equal(await turns[0]!.next(), 'begin')
  })

  it('begin in a place that is free sooner, the first first', async () => {
    capacity.take(1)
    const turns = addMany(2)
    ahead.fill()
    await lineUpAll(turns)
    capacity.give(1)
    ahead.fill()
    assert.deepEqual(placed, ['t0'])
    assert.equal(capacity.free, 0)
    turns[0]!.cameBack()
    assert.equal(await turns[0]!.next(), 'begin')
  })

  it('are not begun a second time when a worker has begun them already', async () => {
    capacity.take(1)
    const turns = addMany(2)
    ahead.fill()
    await lineUpAll(turns, true)
    capacity.give(1)
    ahead.fill()
    // Its worker has begun it: that was heard of only now, and the free place counts as its own.
    assert.deepEqual(placed, ['t0'])
    assert.equal(capacity.taken, 1)
  })

  it('are given back when what runs turns out to be long, but for what has begun', async () => {
    capacity.take(1)
    const turns = addMany(3)
    ahead.fill()
    await lineUpAll(turns.slice(0, 1), true)
    await lineUpAll(turns.slice(1))
    await clock.advance(300)
    assert.deepEqual(givenBack, ['t1', 't2'])
    assert.deepEqual(placed, ['t0'])
    assert.equal(ahead.size, 0)
  })

  it('come back when a task that goes on after a join waits for the place', async () => {
    capacity.take(1)
    const turns = addMany(2)
    ahead.fill()
    await lineUpAll(turns)
    assert.equal(backs, 0)
    const resumed = capacity.resume()
    assert.equal(backs, 2)
    for (const turn of turns) turn.cameBack()
    ahead.fill()
    assert.deepEqual(await lineUpAll(turns), [], 'none lines up before it has its place')
    capacity.give(1)
    await resumed
    assert.deepEqual(placed, [])
    ahead.fill()
    assert.equal((await lineUpAll(turns)).length, 2)
  })

  it('wait for nothing any more when they are ended', async () => {
    capacity.take(1)
    const [turn] = addMany(1)
    const next = turn!.next()
    turn!.forget()
    assert.equal(await next, 'begin')
    assert.equal(ahead.size, 0)
    assert.equal(turn!.takeBack(), false)
    turn!.comes()
    assert.deepEqual(placed, [])
    assert.equal(capacity.taken, 1)
  })
})

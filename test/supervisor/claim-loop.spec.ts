import assert from 'node:assert/strict'
import type { Clock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/random.ts'
import type { ClaimingPeer } from '../../src/lease/decide-claims.ts'
import { rankMembers } from '../../src/lease/rank.ts'
import type { ClaimedTask, ReadyTask } from '../../src/ledger/ledger.ts'
import { Capacity } from '../../src/supervisor/capacity.ts'
import { Resources } from '../../src/supervisor/resources.ts'
import { ClaimLoop } from '../../src/supervisor/claim-loop.ts'
import { LOCAL_TIMING } from '../../src/supervisor/timing.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'

const ready = (id: string): ReadyTask => ({ id, run: 'r', queue: 'task', priority: 0, epoch: 0, inputs: [] })
const peerOf = (session: string): ClaimingPeer => ({ session, peer: session, queues: ['task'], freeCapacity: 1 })
/** A task of which `session` ranks first, and the peer under test second. */
const taskFor = (session: string): string =>
  ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].find(task => rankMembers(task, ['s', session], 1)[0] === session) ?? ''

describe('ClaimLoop', () => {
  let clock: ManualClock
  let listed: ReadyTask[]
  let refused: Set<string>
  let tried: string[]
  let started: string[]
  let looks: number
  let givenBack: number
  let others: ClaimingPeer[]
  let peeked: number
  let ringsLateMs: number
  let loop: ClaimLoop
  let capacity: Capacity
  let queues: string[]
  /** Undefined: what is started ends at once. */
  let onStart: (() => void) | undefined

  beforeEach(() => {
    clock = new ManualClock()
    listed = []
    refused = new Set()
    tried = []
    started = []
    looks = 0
    givenBack = 0
    others = []
    peeked = 0
    ringsLateMs = 0
    capacity = new Capacity(1)
    onStart = undefined
    queues = ['task']
    loop = new ClaimLoop({
      onGivenBack: () => (givenBack += 1),
      ledger: {
        peekReady: async (_queues, limit) => {
          looks += 1
          peeked = limit
          return { tasks: listed.slice(0, limit), nextDueAt: null }
        },
        claim: async (_session, requests) => {
          tried.push(...requests.map(({ task }) => task))
          const won = requests.filter(({ task }) => !refused.has(task))
          listed = listed.filter(({ id }) => !won.some(({ task }) => task === id))
          return won.map(({ task }) => ({ claim: { task } }) as ClaimedTask)
        },
      },
      clock: intercept<Clock>(clock, {
        timer: (original, delayMs, run) => original(Math.max(0, delayMs) + ringsLateMs, run),
      }),
      random: seededRandom(1),
      log: silentLog,
      capacity,
      resources: new Resources({ gpu: 2 }),
      timing: LOCAL_TIMING,
      self: () => ({ session: 's', peer: 'p', queues }),
      others: () => others,
      start: ({ claim }) => {
        started.push(claim.task)
        if (onStart !== undefined) return onStart()
        capacity.give(1)
      },
      awaiting: () => () => {},
      onReady: () => {},
      dueDelay: () => 0,
      rankDelayMs: LOCAL_TIMING.rankDelayMs,
      signal: new AbortController().signal,
    })
  })

  afterEach(() => loop.stop())

  it('looks when a place became free, but for one that is known to be taken, or for which nothing waited', async () => {
    loop.refill(false)
    await clock.advance(1)
    assert.equal(looks, 1)
    loop.refill(true)
    await clock.advance(1)
    assert.equal(looks, 1)
  })

  it('does not look when a place became free and its last look left nothing, but of queues that were not open to it then', async () => {
    listed = [ready('a'), ready('b')]
    capacity.take(1)
    capacity.give(1)
    loop.wake()
    await clock.advance(1)
    assert.deepEqual([started, looks], [['a', 'b'], 2])
    loop.refill(false)
    await clock.advance(1)
    assert.equal(looks, 2)
    queues = ['task', 'task:gpu=1']
    loop.refill(false)
    await clock.advance(1)
    assert.equal(looks, 3)
  })

  it('looks when a place became free and its last look left something', async () => {
    listed = [ready('a'), ready('b')]
    const taken = Promise.withResolvers<void>()
    onStart = () => taken.resolve()
    loop.wake()
    await taken.promise
    await clock.advance(1)
    const before = looks
    capacity.give(1)
    loop.refill(false)
    await clock.advance(1)
    assert.ok(looks > before)
  })

  it('looks when a place became free for which nothing waited, when it was told of something while it had none', async () => {
    const taken = Promise.withResolvers<void>()
    listed = [ready('a')]
    onStart = () => taken.resolve()
    loop.wake()
    await taken.promise
    loop.wake()
    capacity.give(1)
    const before = looks
    loop.refill(true)
    await clock.advance(1)
    assert.equal(looks, before + 1)
    loop.refill(true)
    await clock.advance(1)
    assert.equal(looks, before + 1)
  })

  it('tells of the places that it took for claims which it lost', async () => {
    listed = [ready('x')]
    refused.add('x')
    loop.wake()
    await clock.advance(1)
    assert.equal(givenBack, 1)
    refused.clear()
    await clock.advance(100)
    assert.deepEqual([started, givenBack], [['x'], 1])
  })

  it('tries a task that is always refused less and less often, down to the pace of the sweep', async () => {
    listed = [ready('x')]
    refused.add('x')
    loop.wake()
    await clock.advance(20_000)
    assert.ok(tried.length <= 50, `${tried.length} tries in 20 s`)
    assert.ok(tried.length >= 20, `${tried.length} tries in 20 s`)
  })

  it('looks once when it takes all that there is, and goes on looking while there is more', async () => {
    listed = [ready('x')]
    loop.wake()
    await clock.advance(100)
    assert.deepEqual([started, looks], [['x'], 1])
    listed = [ready('y'), ready('z')]
    loop.wake()
    await clock.advance(100)
    assert.deepEqual([started, looks], [['x', 'y', 'z'], 3])
  })

  it('is not kept from other tasks by one that is refused', async () => {
    listed = [ready('x'), ready('y')]
    refused.add('x')
    loop.wake()
    await clock.advance(100)
    assert.deepEqual(started, ['y'])
  })

  it('tries a task again after the refusal and its rank, looks for it no more often than that, and calls no machine slow for it', async () => {
    const sessions = ['one', 'two', 'three', 'four']
    others = sessions.map(peerOf)
    const task = Array.from('abcdefghijklmnopqrstuvwxyz').find(id => rankMembers(id, ['s', ...sessions], 5)[4] === 's')
    listed = [ready(task ?? '')]
    refused.add(task ?? '')
    ringsLateMs = 1
    loop.wake()
    await clock.advance(40)
    assert.equal(tried.length, 1)
    refused.clear()
    looks = 0
    await clock.advance(100)
    assert.deepEqual(started, [task])
    assert.ok(looks <= 5, `${looks} looks`)
  })

  it('looks at as many tasks as there are free places in the mesh, so that each peer finds its own', async () => {
    others = Array.from({ length: 29 }, (_, index) => peerOf(`other-${index}`))
    loop.wake()
    await clock.advance(1)
    assert.equal(peeked, 30)
  })

  it('lets the first peer go first for longer when its own timer rings late', async () => {
    others = [peerOf('other')]
    listed = [ready(taskFor('other'))]
    ringsLateMs = 50
    loop.wake()
    await clock.advance(LOCAL_TIMING.rankDelayMs + ringsLateMs + 5)
    assert.deepEqual(tried, [])
    await clock.advance(2 * ringsLateMs)
    assert.deepEqual(started, tried)
    assert.equal(started.length, 1)
  })

  it('tries at once again when a task has left the list and comes back', async () => {
    listed = [ready('x')]
    refused.add('x')
    loop.wake()
    await clock.advance(5000)
    listed = []
    loop.wake()
    await clock.advance(1)
    refused.clear()
    listed = [ready('x')]
    loop.wake()
    await clock.advance(1)
    assert.deepEqual(started, ['x'])
  })
})

import assert from 'node:assert/strict'
import { systemClock } from '../../src/core/clock.ts'
import type { ClaimedTask, Ledger } from '../../src/ledger/ledger.ts'
import { Capacity } from '../../src/supervisor/capacity.ts'
import { ClaimsAhead } from '../../src/supervisor/claims-ahead.ts'
import { eventually } from '../support/eventually.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryPeers, dagPlan, taskPlan } from '../support/memory-peers.ts'

const TINY = 40
/** However busy the machine, bodies take no time, and nothing waits for too long. */
const STILL = { ...systemClock, monotonicMs: () => 0 }

describe('a peer with tiny tasks', () => {
  let peers: MemoryPeers

  beforeEach(() => void (peers = new MemoryPeers()))
  afterEach(() => peers.close())

  const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `t${index}`)
  const submit = (run: string, tasks: readonly string[]) =>
    peers.submit(run, [
      dagPlan(
        'main',
        tasks.map(name => taskPlan(name)),
      ),
    ])
  const ended = (run: string) =>
    eventually(async () => (await peers.ledger.run(run))?.state !== 'running' && (await peers.ledger.run(run)))
  const statesOf = async (run: string): Promise<string[]> =>
    Array.from(new Set((await peers.ledger.tasks(run)).map(({ state }) => state))).sort()

  it('runs the next ones while the results of those before are being recorded', async () => {
    const gate = Promise.withResolvers<void>()
    let completions = 0
    // The first completion of the run brings claims ahead, those after it are not answered.
    const ledger: Ledger = intercept(peers.ledger, {
      complete: async (complete, claim, ...args) => {
        const completion = await complete(claim, ...args)
        if (claim.task.startsWith('r/') && (completions += 1) > 1) await gate.promise
        return completion
      },
    })
    const { pool } = await peers.add('a', async () => {}, { ledger })
    await submit('learns', names(20))
    await ended('learns')
    const before = pool.started.length
    await submit('r', names(TINY))
    // Without claims ahead its one place would begin two: the first, and what its completion brought.
    await eventually(() => pool.started.length > before + 2)
    gate.resolve()
    await ended('r')
    assert.deepEqual(await statesOf('r'), ['done'])
  })

  it('asks for few at once where nothing waits, and soon for many where something does', async () => {
    const asked: number[] = []
    const ledger: Ledger = intercept(peers.ledger, {
      complete: (complete, claim, result, hand, ...args) => {
        asked.push(hand?.aheadIds?.length ?? 0)
        return complete(claim, result, hand, ...args)
      },
    })
    await peers.add('a', async () => {}, { ledger, clock: STILL, capacity: 2 })
    const chain = names(20)
    const links = chain.slice(1).map((name, index): [string, string] => [`t${index}`, name])
    const tasks = chain.map(name => taskPlan(name))
    for (const run of ['learns', 'chain']) {
      asked.length = 0
      await peers.submit(run, [dagPlan('main', tasks, links)])
      await ended(run)
    }
    // The second task may be of the moment in which the first chain ended.
    assert.deepEqual([Math.min(...asked), Math.max(...asked.slice(1))], [4, 4])
    asked.length = 0
    await submit('many', names(600))
    await ended('many')
    assert.ok(Math.max(...asked) > 64, `${Math.max(...asked)} at most`)
  })

  it('tells of none but those that it looked for itself', async () => {
    const { mesh } = await peers.add('a', async () => {}, { clock: STILL })
    await submit('learns', names(20))
    await ended('learns')
    const told: string[] = []
    mesh.publish = hint => void (hint.kind === 'claimed' && told.push(hint.task))
    await submit('r', names(TINY))
    await ended('r')
    assert.deepEqual(told, ['r/main:1/t0'])
  })

  it('tells of none that it asked for while others were on their way, though those came first', async () => {
    const isAsked = Promise.withResolvers<void>()
    let isLast = false
    const ledger: Ledger = intercept(peers.ledger, {
      complete: async (complete, claim, result, hand, ...args) => {
        const completion = await complete(claim, result, hand, ...args)
        if (!claim.task.startsWith('r/') || hand === undefined) return completion
        // Of three ahead two are through: the last begins, and ends before this is answered, with nothing that waits for its place.
        const ahead = hand.aheadIds?.length ?? 0
        if (ahead === 2) await isAsked.promise
        else if (ahead === 0 && hand.claimIds.length === 1) {
          isAsked.resolve()
          await new Promise(resolve => setImmediate(resolve))
          isLast = true
        }
        return completion
      },
    })
    const { mesh } = await peers.add('a', async () => ({ ranMs: 10 }), { clock: STILL, ledger })
    await submit('learns', names(20))
    await ended('learns')
    const told: string[] = []
    mesh.publish = hint => void (hint.kind === 'claimed' && told.push(hint.task))
    await submit('r', names(TINY))
    await ended('r')
    assert(isLast)
    assert.deepEqual(told, ['r/main:1/t0'])
  })

  it('claims ahead what takes long on its way to a worker only', async () => {
    const ahead: number[] = []
    const ledger: Ledger = intercept(peers.ledger, {
      complete: (complete, claim, result, hand, ...args) => {
        if (claim.task.startsWith('r/')) ahead.push(hand?.aheadIds?.length ?? 0)
        return complete(claim, result, hand, ...args)
      },
    })
    const onItsWay = async () => {
      await new Promise(resolve => setTimeout(resolve, 20))
      return { ranMs: 0.1 }
    }
    await peers.add('a', onItsWay, { ledger })
    await submit('learns', names(20))
    await ended('learns')
    await submit('r', names(3))
    await ended('r')
    assert((ahead[0] ?? 0) > 0, `${ahead.join(', ')} at the ends`)
  })

  it('never runs more of them at once than it has places', async () => {
    let running = 0
    let most = 0
    await peers.add(
      'a',
      async () => {
        most = Math.max(most, (running += 1))
        await new Promise(resolve => setImmediate(resolve))
        running -= 1
      },
      { capacity: 3 },
    )
    await submit('r', names(4 * TINY))
    await ended('r')
    assert(most <= 3, `${most} at once`)
    assert.deepEqual(await statesOf('r'), ['done'])
  })

  it('gives back what waits behind a long one, for others to run', async () => {
    const gate = Promise.withResolvers<void>()
    const long = 'main:1/t20'
    const { pool } = await peers.add('a', async ({ context: { dagName, taskName } }) => {
      if (`${dagName}/${taskName}` === long) await gate.promise
    })
    await submit('learns', names(20))
    await ended('learns')
    await submit('r', names(TINY))
    await eventually(() => pool.started.at(-1) === long)
    const other = await peers.add('b', async () => {})
    const left = TINY - 21
    await eventually(async () => (await peers.ledger.taskCounts('r')).done === TINY - 1)
    assert.equal(other.pool.started.length, left)
    gate.resolve()
    await ended('r')
    const tasks = await peers.ledger.tasks('r')
    assert(tasks.every(({ attempts, failures }) => attempts === 1 && failures === 0))
  })

  it('gives back what waits when it drains, and finishes what runs', async () => {
    const gate = Promise.withResolvers<void>()
    const a = await peers.add('a', async ({ context: { taskName, runId } }) => {
      if (runId === 'r' && taskName === 't20') await gate.promise
    })
    await submit('learns', names(20))
    await ended('learns')
    await submit('r', names(TINY))
    await eventually(() => a.pool.started.at(-1) === 'main:1/t20')
    const left = a.supervisor.drain()
    await eventually(async () => (await peers.ledger.claimsOf(a.supervisor.session)).length === 1)
    gate.resolve()
    await left
    await peers.add('b', async () => {})
    await ended('r')
    assert.deepEqual(await statesOf('r'), ['done'])
  })

  it('begins none that waits in a run that is being stopped', async () => {
    const gate = Promise.withResolvers<void>()
    const { pool } = await peers.add('a', async ({ context: { taskName, runId } }) => {
      if (runId === 'r' && taskName === 't20') await gate.promise
    })
    await submit('learns', names(20))
    await ended('learns')
    await submit('r', names(TINY))
    await eventually(() => pool.started.at(-1) === 'main:1/t20')
    await peers.ledger.stopRun('r', { reason: 'stopped', by: 'somebody', at: 0, error: null })
    await eventually(async () => (await peers.ledger.taskCounts('r')).claimed === 1)
    gate.resolve()
    await ended('r')
    assert.deepEqual(await statesOf('r'), ['cancelled', 'done'])
    assert.equal(pool.started.at(-1), 'main:1/t20')
  })
})

describe('claims ahead', () => {
  const task = { run: { bundle: 'b' }, blueprint: 'd' } as ClaimedTask

  it('become fewer when some had to be given back, and as many as before when all goes well again', async () => {
    const clock = new ManualClock()
    const capacity = new Capacity(1)
    capacity.take(1)
    const ahead = new ClaimsAhead(clock, capacity)
    for (let count = 0; count < 20; count++) ahead.note(task, 1)
    const most = ahead.wanted(task)
    let givenBack = 0
    const wait = (count: number): void => {
      const giveBack = () => void (givenBack += 1)
      const rest = { mayLineUp: false, lineUp() {}, takeBack: () => true }
      for (let each = 0; each < count; each++) ahead.add({ begin() {}, giveBack, ...rest })
    }
    wait(most)
    await clock.advance(300)
    assert.equal(givenBack, most)
    assert.equal(ahead.wanted(task), Math.floor(most / 2))
    for (let time = 0; time < 10; time++) {
      wait(2)
      await clock.advance(300)
    }
    assert.equal(ahead.wanted(task), 0, 'one alone would save nothing')
    for (let count = 0; count < 300; count++) ahead.note(task, 1)
    assert.equal(ahead.wanted(task), most)
  })

  it('stay many when few were wanted, and all of these were found', () => {
    const ahead = new ClaimsAhead(new ManualClock(), new Capacity(1))
    const longer = { ...task, blueprint: 'longer' }
    for (let count = 0; count < 20; count++) ahead.note(task, 0.1)
    for (let count = 0; count < 20; count++) ahead.note(longer, 10)
    const [many, few] = [ahead.wanted(task), ahead.wanted(longer)]
    assert.ok(many > 100 && few > 0 && few < 10, `${many} and ${few}`)
    ahead.found(few, few)
    assert.equal(ahead.wanted(task), many)
    ahead.found(0, few)
    assert.ok(ahead.wanted(task) < 10)
  })

  it('are many at once where one that ended made many ready', () => {
    const ahead = new ClaimsAhead(new ManualClock(), new Capacity(1))
    for (let count = 0; count < 20; count++) ahead.note(task, 0.1)
    ahead.found(0, 4)
    assert.equal(ahead.wanted(task), 4)
    ahead.found(4, 4, 100)
    assert.equal(ahead.wanted(task), 100)
    ahead.found(0, 0, 110)
    assert.equal(ahead.wanted(task), 110)
    ahead.found(3, 110, 0)
    assert.equal(ahead.wanted(task), 4)
  })

  it('begins what waits rather than giving it back when a place is free, though nobody told of it', async () => {
    const clock = new ManualClock()
    const capacity = new Capacity(1)
    capacity.take(1)
    const ahead = new ClaimsAhead(clock, capacity)
    const heard: string[] = []
    const rest = { mayLineUp: false, lineUp() {}, takeBack: () => true }
    ahead.add({ begin: () => heard.push('begun'), giveBack: () => heard.push('given back'), ...rest })
    capacity.give(1)
    await clock.advance(300)
    assert.deepEqual(heard, ['begun'])
  })
})

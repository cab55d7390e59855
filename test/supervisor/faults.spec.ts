import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { LightflowError } from '../../src/core/errors.ts'
import { rankMembers } from '../../src/lease/rank.ts'
import { eventually } from '../support/eventually.ts'
import { intercept } from '../support/intercept.ts'
import { MemoryPeers, dagPlan, taskPlan } from '../support/memory-peers.ts'

const forever = () => new Promise<void>(() => {})
const unavailable = () => new LightflowError('LF_LEDGER_UNAVAILABLE', 'no answer')

/** Faults that were found once, each with what must happen instead. */
describe('supervisor, when something goes wrong', () => {
  let peers: MemoryPeers

  beforeEach(() => {
    peers = new MemoryPeers()
  })

  afterEach(() => peers.close())

  const ended = (run: string) =>
    eventually(async () => {
      const record = await peers.ledger.run(run)
      return record !== undefined && record.state !== 'running' && record
    })
  const history = async (task: string) =>
    ((await peers.ledger.task(task))?.history ?? []).map(({ peer, end }) => [peer, end])

  it('gives back a successor that was handed on while the peer was leaving', async () => {
    const inFlight = Promise.withResolvers<void>()
    const ledger = intercept(peers.ledger, {
      complete: async (original, ...args) => {
        const completion = await original(...args)
        inFlight.resolve()
        await delay(20)
        return completion
      },
    })
    const { supervisor } = await peers.add('a', async ({ task }) => (task === 'x' ? undefined : forever()), { ledger })
    await peers.submit('r', [dagPlan('main', [taskPlan('x'), taskPlan('y')], [['x', 'y']])])
    await inFlight.promise
    await supervisor.stop()
    assert.equal(supervisor.attempts, 0)
    assert.deepEqual(await peers.ledger.taskCounts('r'), { done: 1, ready: 1 })
  })

  it('claims what others should take when their capacity is not what was last heard of them', async () => {
    peers.bus.lose(1)
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        peers.add(`p${index}`, async ({ task }) => (task.startsWith('long') ? forever() : undefined)),
      ),
    )
    await peers.submit('busy', [
      dagPlan(
        'main',
        Array.from({ length: 9 }, (_, index) => taskPlan(`long${index}`)),
      ),
    ])
    await eventually(() => all.filter(({ supervisor }) => supervisor.attempts === 1).length === 9)
    const idle = all.find(({ supervisor }) => supervisor.attempts === 0)
    const sessions = all.map(({ supervisor }) => supervisor.session)
    let number = 0
    while (rankMembers(`r${number}/main:1/t`, sessions, 10).at(-1) !== idle?.supervisor.session) number += 1
    await peers.submit(`r${number}`, [dagPlan('main', [taskPlan('t')])])
    assert.equal((await ended(`r${number}`)).state, 'succeeded')
  })

  it('leaves although the ledger does not answer a claim', async () => {
    const tried = Promise.withResolvers<void>()
    const ledger = intercept(peers.ledger, {
      claim: async () => {
        tried.resolve()
        throw unavailable()
      },
    })
    const { supervisor } = await peers.add('a', async () => {}, { ledger })
    await peers.submit('r', [dagPlan('main', [taskPlan('x')])])
    await tried.promise
    await supervisor.stop()
  })

  it('gives up, and says so, when the thread of its ledger is gone', async () => {
    let isGone = false
    const ledger = intercept(peers.ledger, {
      beat: (original, ...args) => {
        if (isGone) throw new LightflowError('LF_LEDGER_THREAD', 'gone')
        return original(...args)
      },
    })
    const { supervisor } = await peers.add('a', async () => {}, { ledger })
    const gaveUp = new Promise<unknown>(resolve => supervisor.events.on('gave-up', ({ error }) => resolve(error)))
    isGone = true
    assert.match(String(await gaveUp), /gone/)
  })

  it('does not run an exclusive task again that it had to end in its middle', async () => {
    let effects = 0
    const { supervisor } = await peers.add('a', async () => {
      effects += 1
      await forever()
    })
    await peers.submit('r', [dagPlan('main', [taskPlan('motor', { effect: 'exclusive' })])])
    await eventually(() => effects === 1)
    await supervisor.stop()
    assert.equal((await peers.ledger.task('r/main:1/motor'))?.state, 'lost')
  })

  it('keeps a finished result through a full disk that lasts longer than its lease', async () => {
    let isFull = false
    let bodies = 0
    const full = new LightflowError('LF_LEDGER_FULL', 'the disk is full')
    const whenRoom = (original: (...args: never[]) => unknown, ...args: unknown[]) => {
      if (isFull) throw full
      return original(...(args as never[]))
    }
    const ledger = intercept(peers.ledger, { beat: whenRoom, complete: whenRoom, claim: whenRoom, release: whenRoom })
    const { supervisor } = await peers.add(
      'a',
      async () => {
        bodies += 1
        isFull = true
      },
      { ledger, timing: { selfFenceMs: 150, retryMaxMs: 20 } },
    )
    const fenced = new Promise(resolve => supervisor.events.on('session:fenced', resolve))
    await peers.submit('r', [dagPlan('main', [taskPlan('hours')])])
    await fenced
    isFull = false
    assert.equal((await ended('r')).state, 'succeeded')
    assert.equal(bodies, 1)
  })

  it('raises its fence while a beat hangs', async () => {
    let hangs = false
    const gate = Promise.withResolvers<void>()
    const ledger = intercept(peers.ledger, {
      beat: async (original, ...args) => {
        if (hangs) await gate.promise
        return original(...args)
      },
    })
    const aborted = Promise.withResolvers<void>()
    const { pool } = await peers.add(
      'a',
      async (_job, _host, signal) => {
        signal.addEventListener('abort', () => aborted.resolve())
        await forever()
      },
      { ledger, timing: { selfFenceMs: 400, retryMaxMs: 20 } },
    )
    await peers.submit('r', [dagPlan('main', [taskPlan('x')])])
    await eventually(() => pool.started.length > 0)
    hangs = true
    await aborted.promise
    gate.resolve()
  })

  it('does not begin a task whose claim was answered after the fence', async () => {
    let hangs = false
    const claimed = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const ledger = intercept(peers.ledger, {
      beat: async (original, ...args) => {
        if (hangs) await gate.promise
        return original(...args)
      },
      claim: async (original, ...args) => {
        hangs = true
        const won = await original(...args)
        if (won.length > 0) claimed.resolve()
        await fenced
        return won
      },
    })
    const { supervisor, pool } = await peers.add('a', forever, { ledger, timing: { selfFenceMs: 150, retryMaxMs: 20 } })
    const fenced = new Promise<void>(resolve => supervisor.events.on('session:fenced', () => resolve()))
    await peers.submit('r', [dagPlan('main', [taskPlan('x', { effect: 'exclusive' })])])
    await claimed.promise
    await fenced
    await eventually(async () => (await history('r/main:1/x'))[0]?.[1] === 'released' || pool.started.length > 0)
    gate.resolve()
    assert.deepEqual(pool.started, [])
  })

  it('gives a task back that it could not start, instead of failing it', async () => {
    let fetches = 0
    const bundleFile = async (hash: string) => {
      fetches += 1
      if (fetches === 1) throw new Error('EMFILE: too many open files')
      return hash
    }
    await peers.add('a', async () => {}, { bundleFile })
    await peers.submit('r', [dagPlan('main', [taskPlan('x')])])
    assert.equal((await ended('r')).state, 'succeeded')
    assert.deepEqual(await history('r/main:1/x'), [
      ['a', 'released'],
      ['a', 'done'],
    ])
  })

  it('gives a task back as never begun when its worker did not start, also an exclusive one', async () => {
    const codes = ['LF_WORKER_NOT_STARTED', 'LF_SOURCES_CHANGED']
    let starts = 0
    await peers.add('a', async () => {
      const code = codes[starts++]
      return code === undefined ? {} : { outcome: 'failed', error: { code, message: 'no thread' } }
    })
    await peers.submit('r', [dagPlan('main', [taskPlan('motor', { effect: 'exclusive' })])])
    assert.equal((await ended('r')).state, 'succeeded')
    assert.deepEqual(await history('r/main:1/motor'), [
      ['a', 'released'],
      ['a', 'released'],
      ['a', 'done'],
    ])
    assert.equal((await peers.ledger.task('r/main:1/motor'))?.attempts, 2, 'changed sources are no attempt')
  })

  it('fails a task whose body has run and failed by an error of that name', async () => {
    const error = { code: 'LF_SOURCES_CHANGED', message: 'a peer that the task had started has left' }
    const { pool } = await peers.add('a', async () => ({ outcome: 'failed', error, ranMs: 1 }))
    await peers.submit('r', [dagPlan('main', [taskPlan('x')])])
    assert.equal((await ended('r')).state, 'failed')
    assert.equal(pool.started.length, 1)
  })

  it('fails a task in the end that no attempt could start', async () => {
    const bundleFile = () => Promise.reject(new LightflowError('LF_BUNDLE_MISSING', 'the code is gone'))
    await peers.add('a', async () => {}, { bundleFile })
    await peers.submit('r', [dagPlan('main', [taskPlan('x')])])
    const run = await eventually(async () => {
      const record = await peers.ledger.run('r')
      return record?.state === 'failed' && record
    }, 15_000)
    assert.equal(run.stop?.error?.code, 'LF_BUNDLE_MISSING')
  })

  it('names the same claims when the answer of a completion got lost', async () => {
    let isLost = false
    const ledger = intercept(peers.ledger, {
      complete: async (original, ...args) => {
        const completion = await original(...args)
        if (isLost) return completion
        isLost = true
        throw unavailable()
      },
    })
    await peers.add('a', async () => {}, { ledger })
    await peers.submit('r', [dagPlan('main', [taskPlan('x'), taskPlan('y')], [['x', 'y']])])
    assert.equal((await ended('r')).state, 'succeeded')
    assert.deepEqual(await history('r/main:1/y'), [['a', 'done']])
  })

  it('never has more tasks at work than its capacity, also when a join goes on while it reads', async () => {
    let working = 0
    let most = 0
    const work = async (ms: number) => {
      most = Math.max(most, (working += 1))
      await delay(ms)
      working -= 1
    }
    const ledger = intercept(peers.ledger, {
      peekReady: async (original, ...args) => {
        const list = await original(...args)
        await delay(3)
        return list
      },
    })
    await peers.add(
      'a',
      async ({ task }, host) => {
        if (task !== 'boss') return work(5)
        for (let round = 0; round < 10; round++) {
          await host.joinDags([await host.startDag('sub', null)])
          await work(10)
        }
      },
      { ledger },
    )
    await peers.submit('r', [
      dagPlan('main', [taskPlan('boss')]),
      dagPlan('sub', [taskPlan('w', { priority: 9 })], [], false),
    ])
    await peers.submit('others', [
      dagPlan(
        'main',
        Array.from({ length: 40 }, (_, index) => taskPlan(`o${index}`)),
      ),
    ])
    await ended('r')
    await ended('others')
    assert.equal(most, 1)
  })

  it('refuses to join its own DAG', async () => {
    await peers.add('a', async ({ context }, host) => void (await host.joinDags([context.dagName])))
    await peers.submit('r', [dagPlan('main', [taskPlan('x')])])
    const run = await ended('r')
    assert.match(run.stop?.error?.message ?? '', /its own DAG/)
  })

  it('keeps its patience for a task although it is woken all the time', async () => {
    peers.bus.lose(1)
    const timing = { rankDelayMs: 40, sweepMs: 50 }
    const first = await peers.add('a', async () => {}, { timing })
    const other = await peers.add('b', forever, { timing, queues: ['task', 'own'] })
    // b is busy but has not said so when the task appears: its beats are far apart.
    await peers.submit('blocker', [dagPlan('main', [taskPlan('t', { queue: 'own' })])])
    await eventually(() => other.supervisor.attempts === 1)
    const sessions = [first.supervisor.session, other.supervisor.session]
    let number = 0
    while (rankMembers(`r${number}/main:1/t`, sessions, 2)[0] !== other.supervisor.session) number += 1
    peers.bus.lose(0)
    const noisy = await peers.add('c', async () => {}, { queues: ['none'] })
    const noise = setInterval(() => noisy.mesh.publish({ kind: 'ready', queue: 'task', run: 'x', count: 1 }), 3)
    try {
      await peers.submit(`r${number}`, [dagPlan('main', [taskPlan('t')])])
      assert.equal((await ended(`r${number}`)).state, 'succeeded')
    } finally {
      clearInterval(noise)
    }
  })
})

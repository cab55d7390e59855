import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { MemoryPeers, dagPlan, taskPlan } from '../support/memory-peers.ts'
import type { JobResult } from '../../src/workers/worker-pool.ts'
import { intercept } from '../support/intercept.ts'
import { eventually } from '../support/eventually.ts'

describe('supervisor', () => {
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
  const tasks = async (run: string) =>
    Object.fromEntries((await peers.ledger.tasks(run)).map(task => [`${task.dag}/${task.name}`, task]))

  it('runs a chain to its end on one peer', async () => {
    const { pool } = await peers.add('a', async () => {})
    await peers.submit('r', [
      dagPlan(
        'main',
        ['x', 'y', 'z'].map(name => taskPlan(name)),
        [
          ['x', 'y'],
          ['y', 'z'],
        ],
      ),
    ])
    assert.equal((await ended('r')).state, 'succeeded')
    assert.deepEqual(pool.started, ['main:1/x', 'main:1/y', 'main:1/z'])
  })

  it('hands a successor on to itself in the write that completes its predecessor', async () => {
    const { supervisor, mesh } = await peers.add('a', async () => {})
    const told: string[] = []
    mesh.publish = hint => void (hint.kind === 'claimed' && told.push(hint.task))
    const names = ['1', '2', '3', '4', '5', '6']
    const edges = names.slice(1).map((name, index): [string, string] => [names[index] ?? '', name])
    await peers.submit('r', [
      dagPlan(
        'main',
        names.map(name => taskPlan(name)),
        edges,
      ),
    ])
    await ended('r')
    assert.equal(supervisor.claimStatistics.won, 1, 'only the first task was claimed by the loop')
    assert.ok(!told.some(task => task !== 'r/main:1/1'), 'of the others nobody had heard that they are ready')
  })

  it('looks for nothing else at each task of a chain, though it has places left', async () => {
    let looks = 0
    const ledger = intercept(peers.ledger, {
      peekReady: (peekReady, ...args) => {
        looks += 1
        return peekReady(...args)
      },
    })
    const { pool } = await peers.add('a', async () => {}, { ledger, capacity: 2 })
    const names = Array.from({ length: 60 }, (_, index) => `t${index}`)
    const edges = names.slice(1).map((name, index): [string, string] => [names[index] ?? '', name])
    await peers.submit('r', [
      dagPlan(
        'main',
        names.map(name => taskPlan(name)),
        edges,
      ),
    ])
    await ended('r')
    assert.equal(pool.started.length, 60)
    assert.ok(looks < 30, `${looks} looks`)
  })

  it('goes from one task to the next that waits, of whatever run, in the write that completes the first', async () => {
    const gate = Promise.withResolvers<void>()
    const { supervisor, pool } = await peers.add('a', async () => gate.promise)
    await peers.submit('r', [dagPlan('main', [taskPlan('x')])])
    await eventually(() => pool.started.length === 1)
    for (const run of ['r2', 'r3']) await peers.submit(run, [dagPlan('main', [taskPlan('x')])])
    gate.resolve()
    for (const run of ['r', 'r2', 'r3']) assert.equal((await ended(run)).state, 'succeeded')
    assert.equal(supervisor.claimStatistics.won, 1, 'only the first task was claimed by the loop')
  })

  it('hands nothing on while a task that has joined waits for a place: it goes on before anything new', async () => {
    const order: string[] = []
    await peers.add('a', async ({ task }, host) => {
      if (task === 'joins') await host.joinDags([await host.startDag('sub', null)])
      if (task === 'fill') await delay(2)
      order.push(task)
    })
    const waiting = Array.from({ length: 40 }, (_, index) => dagPlan(`w${index}`, [taskPlan('fill')]))
    await peers.submit('r', [
      dagPlan('main', [taskPlan('joins', { priority: 1 })]),
      dagPlan('sub', [taskPlan('joined', { priority: 1 })], [], false),
      ...waiting,
    ])
    assert.equal((await ended('r')).state, 'succeeded')
    const between = order.indexOf('joins') - order.indexOf('joined')
    assert.ok(between <= 3, `${between - 1} others were taken before`)
  })

  it('looks for more when a task ends that waited for a place to go on', async () => {
    const over = async (task: string) => ['done', 'failed'].includes((await tasks('r'))[task]?.state ?? '')
    const { pool } = await peers.add(
      'a',
      async ({ task }, host) => {
        if (task === 'joins') {
          void host.joinDags([await host.startDag('sub', null)]).catch(() => {})
          await eventually(() => pool.started.includes('hold:1/hold'))
          await delay(20)
        }
        if (task === 'hold') await eventually(() => over('main:1/joins'))
      },
      { timing: { sweepMs: 3000, beatMs: 3000 } },
    )
    await peers.submit('r', [
      dagPlan('main', [taskPlan('joins', { priority: 2 })]),
      dagPlan('sub', [taskPlan('joined', { priority: 2 })], [], false),
      dagPlan('hold', [taskPlan('hold', { priority: 1 })]),
      dagPlan('last', [taskPlan('last')]),
    ])
    await eventually(() => over('hold:1/hold'), 10_000)
    await eventually(() => over('last:1/last'), 1000)
  })

  it('hands nothing on from a task that ends while it joins: it has no place to give', async () => {
    const gate = Promise.withResolvers<void>()
    let running = 0
    let most = 0
    const { pool } = await peers.add('a', async ({ task }, host) => {
      if (task === 'joins') {
        const name = await host.startDag('sub', null)
        void host.joinDags([name]).catch(() => {})
        // It ends in a moment in which what it joins has its place.
        await eventually(() => running === 1)
        return
      }
      most = Math.max(most, (running += 1))
      await gate.promise
      running -= 1
    })
    await peers.submit('r', [
      dagPlan('main', [taskPlan('joins')]),
      dagPlan('sub', [taskPlan('one'), taskPlan('two')], [], false),
    ])
    await eventually(async () => (await tasks('r'))['main:1/joins']?.state === 'done')
    assert.equal(pool.started.length, 2)
    gate.resolve()
    assert.equal((await ended('r')).state, 'succeeded')
    assert.equal(most, 1)
  })

  it('never runs more tasks at once than its capacity', async () => {
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
    await peers.submit('r', [
      dagPlan(
        'main',
        Array.from({ length: 30 }, (_, index) => taskPlan(`t${index}`)),
      ),
    ])
    await ended('r')
    assert.equal(most, 3)
  })

  it('spreads a fan-out over the peers that have capacity', async () => {
    const gate = Promise.withResolvers<void>()
    const wait = async () => gate.promise
    const [a, b, c] = [await peers.add('a', wait), await peers.add('b', wait), await peers.add('c', wait)]
    await peers.submit('r', [
      dagPlan(
        'main',
        Array.from({ length: 3 }, (_, index) => taskPlan(`t${index}`)),
      ),
    ])
    await eventually(() => [a, b, c].every(({ pool }) => pool.started.length === 1))
    gate.resolve()
    await ended('r')
  })

  it('takes over the tasks of a killed peer, and records each once', async () => {
    const stuck = await peers.add('a', () => new Promise(() => {}))
    await peers.submit('r', [dagPlan('main', [taskPlan('x'), taskPlan('y')], [['x', 'y']])])
    await eventually(() => stuck.pool.started.length === 1)
    peers.gone.add(stuck.supervisor.session)
    stuck.supervisor.abandon()
    await peers.add('b', async () => {})
    assert.equal((await ended('r')).state, 'succeeded')
    const x = (await tasks('r'))['main:1/x']
    assert.deepEqual(
      x?.history.map(({ peer, end }) => [peer, end]),
      [
        ['a', 'owner-died'],
        ['b', 'done'],
      ],
    )
  })

  it('ends what it runs when it was buried, and works on under a new session', async () => {
    const aborted: string[] = []
    let attempts = 0
    const { supervisor } = await peers.add('a', async (job, _host, signal) => {
      attempts += 1
      if (attempts > 1) return
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      aborted.push(job.task)
    })
    await peers.submit('r', [dagPlan('main', [taskPlan('x', { effect: 'pure' })])])
    await eventually(() => attempts === 1)
    const before = supervisor.session
    const [session] = await peers.ledger.sessions()
    assert.ok(session)
    await eventually(async () => {
      const [now] = await peers.ledger.sessions()
      return peers.ledger.bury(before, now?.beat ?? 0, 'silence', 'other')
    })
    assert.equal((await ended('r')).state, 'succeeded')
    assert.deepEqual(aborted, ['x'])
    assert.notEqual(supervisor.session, before)
  })

  it('repeats a failed task as often as its retries say, then fails the run and says why', async () => {
    const { pool } = await peers.add('a', async () => {
      throw new Error('the shutter did not open')
    })
    await peers.submit('r', [dagPlan('main', [taskPlan('x', { retries: 2 }), taskPlan('y')], [['x', 'y']])])
    const run = await ended('r')
    assert.equal(run.state, 'failed')
    assert.match(run.stop?.error?.message ?? '', /shutter/)
    assert.equal(pool.started.length, 3)
    assert.equal((await tasks('r'))['main:1/y']?.state, 'cancelled')
  })

  it('ends an attempt that takes longer than its task allows', async () => {
    await peers.add('a', () => new Promise(() => {}))
    await peers.submit('r', [dagPlan('main', [taskPlan('x', { timeoutMs: 30 })])])
    const run = await ended('r')
    assert.equal(run.state, 'failed')
    assert.equal(run.stop?.error?.code, 'LF_TASK_TIMEOUT')
  })

  it('gives the place of a joining task back: nested joins complete with capacity 1', async () => {
    const depth = 20
    await peers.add('a', async (job, host) => {
      const level = Number(job.context.dagName.split('-')[1]?.split(':')[0])
      if (level >= depth) return
      const name = await host.startDag(`level-${level + 1}`, null)
      assert.equal(await host.joinDags([name]), true)
    })
    const levels = Array.from({ length: depth + 1 }, (_, level) =>
      dagPlan(`level-${level}`, [taskPlan('go')], [], level === 0),
    )
    await peers.submit('r', levels)
    assert.equal((await ended('r')).state, 'succeeded')
    assert.deepEqual(await peers.ledger.taskCounts('r'), { done: depth + 1 })
  })

  it('starts no DAG twice when the task that starts them is repeated elsewhere', async () => {
    const fan = async (job: { task: string }, host: { startDag(name: string, data: null): Promise<string> }) => {
      if (job.task !== 'fan') return []
      return [await host.startDag('sub', null), await host.startDag('sub', null)]
    }
    const first = await peers.add('a', async (job, host) => {
      await fan(job, host)
      await new Promise(() => {})
    })
    await peers.submit('r', [
      dagPlan('main', [taskPlan('fan')]),
      dagPlan('sub', [taskPlan('work', { queue: 'other' })], [], false),
    ])
    await eventually(async () => (await peers.ledger.dags('r')).length === 3)
    peers.gone.add(first.supervisor.session)
    first.supervisor.abandon()
    await peers.add(
      'b',
      async (job, host) => {
        const names = await fan(job, host)
        if (names.length > 0) await host.joinDags(names)
      },
      { queues: ['task', 'other'] },
    )
    assert.equal((await ended('r')).state, 'succeeded')
    assert.deepEqual(
      (await peers.ledger.dags('r')).map(({ name }) => name),
      ['main:1', 'sub:1', 'sub:2'],
    )
  })

  it('finishes what runs before it leaves, and claims nothing more', async () => {
    const gate = Promise.withResolvers<void>()
    const { supervisor, pool } = await peers.add('a', async () => gate.promise)
    await peers.submit('r', [dagPlan('main', [taskPlan('x'), taskPlan('y')])])
    await eventually(() => pool.started.length === 1)
    const drained = supervisor.drain()
    gate.resolve()
    await drained
    assert.deepEqual(await peers.ledger.taskCounts('r'), { done: 1, ready: 1 })
    const [session] = await peers.ledger.sessions(0)
    assert.equal(session?.deathProof, 'left')
  })

  it('gives a task back that hands itself over while the peer leaves, and another goes on with it', async () => {
    const effects = ['pure', 'idempotent', 'exclusive'] as const
    const leaving = Promise.withResolvers<void>()
    const handOver = async (): Promise<Partial<JobResult>> => {
      await leaving.promise
      return { outcome: 'handed-over', error: { code: 'LF_HAND_OVER', message: 'on it goes' } }
    }
    const { supervisor, pool } = await peers.add('a', handOver, { capacity: 3 })
    await peers.submit('r', [
      dagPlan(
        'main',
        effects.map(effect => taskPlan(effect, { effect })),
      ),
    ])
    await eventually(() => pool.started.length === 3)
    const drained = supervisor.drain()
    assert.equal(pool.drains, 3, 'all that run are told')
    leaving.resolve()
    await drained
    for (const task of Object.values(await tasks('r'))) {
      assert.deepEqual([task.state, task.attempts, task.failures, task.notBefore], ['ready', 0, 0, null], task.name)
      assert.equal(task.history.at(-1)?.end, 'released')
    }
    await peers.add('b', async () => {}, { capacity: 3 })
    assert.equal((await ended('r')).state, 'succeeded')
  })

  it('tells everybody of a DAG and a run that ended by what it carried out for others', async () => {
    const gate = Promise.withResolvers<void>()
    const { mesh } = await peers.add('waits', async () => {})
    const heard: string[] = []
    mesh.on('hint', ({ hint }) => {
      if (hint.kind === 'ended') heard.push(`${hint.run} ${hint.dag}`)
    })
    let isTold = false
    const ledger = intercept(peers.ledger, {
      settle: async (_original, _limit, _run, onEnded) => {
        await gate.promise
        if (!isTold) onEnded?.({ run: 'large', dagEnded: 'main:1', runEnded: 'stopped' })
        isTold = true
        return 0
      },
    })
    const { supervisor } = await peers.add('writes', async () => {}, { ledger })
    const runs: string[] = []
    supervisor.events.on('run:ended', ({ run, state }) => runs.push(`${run} ${state}`))
    gate.resolve()
    await eventually(() => heard.length === 2)
    assert.deepEqual([heard, runs], [['large main:1', 'large null'], ['large stopped']])
  })

  it('lets a task rest that hands itself over for no reason', async () => {
    let attempts = 0
    const rests: boolean[] = []
    const ledger = intercept(peers.ledger, {
      release: (original, claim, request) => {
        rests.push(request.notBefore !== null)
        return original(claim, request)
      },
    })
    const body = async (): Promise<Partial<JobResult>> => {
      attempts += 1
      return attempts === 1 ? { outcome: 'handed-over', error: { code: 'LF_HAND_OVER', message: 'on it goes' } } : {}
    }
    await peers.add('a', body, { ledger })
    await peers.submit('r', [dagPlan('main', [taskPlan('x')])])
    assert.equal((await ended('r')).state, 'succeeded')
    assert.deepEqual([attempts, rests], [2, [true]])
  })

  it('knows a DAG that a task starts under a key by this key, whatever its data and however often it is tried', async () => {
    let attempts = 0
    await peers.add('a', async ({ task }, host) => {
      if (task !== 'starts') return
      attempts += 1
      const bytes = new Uint8Array([attempts])
      const names = [
        await host.startDag('sub', bytes, 'frame 1'),
        await host.startDag('sub', bytes, 'frame 2'),
        await host.startDag('sub', bytes, 'frame 1'),
        await host.startDag('other', bytes, 'frame 1'),
      ]
      assert.deepEqual(names, ['sub:1', 'sub:2', 'sub:1', 'other:1'])
      if (attempts < 3) throw new Error('again')
    })
    await peers.submit('r', [
      dagPlan('main', [taskPlan('starts', { retries: 2 })]),
      dagPlan('sub', [taskPlan('one')], [], false),
      dagPlan('other', [taskPlan('one')], [], false),
    ])
    assert.equal((await ended('r')).state, 'succeeded')
    assert.equal(attempts, 3)
  })

  it('gives everything back at once when it is stopped', async () => {
    const { supervisor, pool } = await peers.add('a', () => new Promise(() => {}))
    await peers.submit('r', [dagPlan('main', [taskPlan('x')])])
    await eventually(() => pool.started.length === 1)
    await supervisor.stop()
    const task = (await tasks('r'))['main:1/x']
    assert.equal(task?.state, 'ready')
    assert.equal(task?.attempts, 0, 'an attempt that was given back does not count')
  })

  it('goes on without a single hint', async () => {
    peers.bus.lose(1)
    const [a, b] = [await peers.add('a', async () => {}), await peers.add('b', async () => {})]
    const plan = Array.from({ length: 10 }, (_, index) => taskPlan(`t${index}`))
    await peers.submit('r', [
      dagPlan(
        'main',
        [...plan, taskPlan('join')],
        plan.map(({ name }) => [name, 'join']),
      ),
    ])
    assert.equal((await ended('r')).state, 'succeeded')
    assert.equal(a.pool.started.length + b.pool.started.length, 11)
  })

  it('tells a running task that its run is being stopped and starts nothing new', async () => {
    const gate = Promise.withResolvers<void>()
    const { pool } = await peers.add('a', async () => gate.promise)
    await peers.submit('r', [dagPlan('main', [taskPlan('x'), taskPlan('y')], [['x', 'y']])])
    await eventually(() => pool.started.length === 1)
    await peers.ledger.stopRun('r', { reason: 'stopped', by: 'test', at: 0, error: null })
    gate.resolve()
    assert.equal((await ended('r')).state, 'stopped')
    assert.deepEqual(pool.started, ['main:1/x'])
  })
})

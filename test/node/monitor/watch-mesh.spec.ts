import assert from 'node:assert/strict'
import { LightflowError } from '../../../src/core/errors.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { MAX_TASKS_PER_PART } from '../../../src/ledger/ledger-limits.ts'
import { openMemoryLedger } from '../../../src/ledger/memory/memory-ledger.ts'
import { BeatWatch } from '../../../src/node/beat-watch.ts'
import { watchMesh } from '../../../src/node/monitor/watch-mesh.ts'
import type { MeshEventView, MonitorBatch } from '../../../src/node/views.ts'
import { Bench, DONE, dagPlan, HandClock, id } from '../../ledger/contract/bench.ts'
import { intercept } from '../../support/intercept.ts'

describe('the monitor', () => {
  const clock = new HandClock()
  let bench: Bench
  let ledger: Ledger
  let over: AbortController
  let tasksRead: string[]

  beforeEach(async () => {
    over = new AbortController()
    tasksRead = []
    const tools = { clock, random: systemRandom }
    ledger = intercept(openMemoryLedger(tools), {
      tasks: (original, run, dag) => {
        tasksRead.push(`${run}/${dag}`)
        return original(run, dag)
      },
      task: (original, task) => {
        tasksRead.push(task)
        return original(task)
      },
    })
    bench = new Bench(ledger, tools)
    await bench.session('s')
  })

  afterEach(() => ledger.close())

  function watch(options: { sinceMs?: number; pastIsSilent?: boolean; ledger?: () => Promise<Ledger> } = {}) {
    const beatClock = { monotonicMs: () => clock.now, wallMs: () => clock.now }
    const batches = watchMesh(
      {
        ledger: options.ledger ?? (async () => ledger),
        clock: { ...beatClock, sleep: async () => {} },
        beats: new BeatWatch(beatClock),
        sessions: since => ledger.sessions(since),
      },
      { signal: over.signal, sinceMs: options.sinceMs ?? clock.now, pastIsSilent: options.pastIsSilent ?? false },
    )
    const next = async (): Promise<MonitorBatch> => (await batches.next()).value as MonitorBatch
    return { next, end: () => over.abort() }
  }

  const told = ({ events }: { events: readonly MeshEventView[] }): string[] =>
    events.map(({ event, run, task, peer }) => [event, run, task ?? peer].filter(Boolean).join(' '))

  it('tells a run that began and ended between two looks, in order', async () => {
    const { next } = watch({ sinceMs: clock.now + 1 })
    assert.deepEqual(told(await next()), [])
    clock.advance(10)
    await bench.submit('r', [dagPlan('main', ['a'])])
    clock.advance(1)
    await bench.run('s', id('r', 'a'))
    assert.deepEqual(told(await next()), [
      'run-submitted r',
      'task-queued r a',
      'run-started r',
      'task-started r a',
      'task-succeeded r a',
      'run-ended r',
    ])
    assert.deepEqual(told(await next()), [])
  })

  it('begins with now unless it is asked for more', async () => {
    await bench.submit('r', [dagPlan('main', ['a', 'b'])])
    const before = clock.now
    clock.advance(100)
    assert.deepEqual(told(await watch().next()), [])
    const { events } = await watch({ sinceMs: before }).next()
    assert.deepEqual(told({ events }), [
      'peer-joined name-of-s',
      'run-submitted r',
      'task-queued r a',
      'task-queued r b',
    ])
  })

  it('reads only the tasks to which something happened', async () => {
    await bench.submit('r', [dagPlan('main', ['a', 'b']), dagPlan('other', ['x'])])
    await bench.submit('still', [dagPlan('main', ['a'])])
    const { next } = watch()
    await next()
    tasksRead.length = 0
    await next()
    assert.deepEqual(tasksRead, [])
    await bench.run('s', id('r', 'a'))
    tasksRead.length = 0
    assert.deepEqual(told(await next()), ['run-started r', 'task-started r a', 'task-succeeded r a'])
    assert.deepEqual(tasksRead, [id('r', 'a')])
  })

  it('tells what is cancelled of a large DAG before it was written', async () => {
    const names = Array.from({ length: MAX_TASKS_PER_PART + 2 }, (_, index) => `t${index}`)
    const edges = names.slice(1, MAX_TASKS_PER_PART).map(name => `t0>${name}`)
    await bench.submit('r', [dagPlan('main', names, edges)])
    await bench.run('s', id('r', 't0'), { limit: [] })
    const { next } = watch({ pastIsSilent: true, sinceMs: clock.now + 1 })
    await next()
    clock.advance(10)
    await ledger.stopRun('r', { reason: 'stopped', by: 'me', at: clock.now, error: null })
    const cancelled = told(await next()).filter(event => event.startsWith('task-cancelled'))
    assert.deepEqual(
      cancelled,
      names.slice(MAX_TASKS_PER_PART).map(name => `task-cancelled r ${name}`),
    )
  })

  it('reads no task of the past when nothing of it is to be told, and tells all that follows', async () => {
    await bench.submit('r', [dagPlan('main', ['a', 'b', 'c', 'd'], ['a>d'])])
    const { claim: a } = await bench.claim('s', id('r', 'a'))
    const { claim: b } = await bench.claim('s', id('r', 'b'))
    await ledger.release(b, { reason: 'leaving', notBefore: null, uncounted: true })
    await bench.run('s', id('r', 'c'))
    tasksRead.length = 0
    const { next } = watch({ pastIsSilent: true, sinceMs: clock.now + 1 })
    assert.deepEqual(told(await next()), [])
    assert.deepEqual(tasksRead, [])
    await ledger.complete(a, DONE)
    await bench.run('s', id('r', 'b'))
    assert.deepEqual(told(await next()).toSorted(), [
      'task-queued r d',
      'task-started r b',
      'task-succeeded r a',
      'task-succeeded r b',
    ])
  })

  it('sees an attempt that left the counts as they were', async () => {
    await bench.submit('r', [dagPlan('main', ['a'])])
    const { next } = watch()
    await next()
    const { claim } = await bench.claim('s', id('r', 'a'))
    await ledger.release(claim, { reason: 'leaving', notBefore: null, uncounted: true })
    assert.deepEqual(told(await next()), ['run-started r', 'task-started r a', 'task-released r a'])
  })

  it('misses nothing while the ledger does not answer', async () => {
    let fails = false
    const { next } = watch({
      ledger: async () => {
        if (fails) throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'The ledger does not answer.')
        return ledger
      },
    })
    await next()
    fails = true
    await bench.submit('r', [dagPlan('main', ['a'])])
    const failed = await next()
    assert.deepEqual([failed.events, failed.failing?.code], [[], 'LF_LEDGER_UNAVAILABLE'])
    await bench.run('s', id('r', 'a'))
    fails = false
    assert.equal(told(await next()).length, 6)
  })

  it('tells nothing twice when a turn fails half-way', async () => {
    let failing = false
    const flaky = intercept(ledger, {
      dagProgress: (original, run) => (failing && run === 'r2' ? Promise.reject(new Error('gone')) : original(run)),
    })
    const { next } = watch({ ledger: async () => flaky })
    await next()
    for (const run of ['r1', 'r2']) await bench.submit(run, [dagPlan('main', ['a'])])
    failing = true
    assert.deepEqual(told(await next()), [])
    failing = false
    assert.deepEqual(told(await next()).sort(), [
      'run-submitted r1',
      'run-submitted r2',
      'task-queued r1 a',
      'task-queued r2 a',
    ])
    assert.deepEqual(told(await next()), [])
  })

  it('tells peers that fall silent and die, and how many live', async () => {
    const { next } = watch()
    assert.equal((await next()).livePeers, 1)
    clock.advance(900)
    assert.deepEqual(told(await next()), ['peer-silent name-of-s'])
    await bench.kill('s', 'silence')
    const batch = await next()
    assert.deepEqual(told(batch), ['peer-dead name-of-s'])
    assert.equal(batch.livePeers, 0)
  })

  it('marks what went wrong', async () => {
    await bench.submit('r', [dagPlan('main', ['a'])])
    const { next } = watch()
    await next()
    await bench.run('s', id('r', 'a'), { ...DONE, outcome: 'failed' })
    const { events } = await next()
    assert.deepEqual(
      events.filter(({ bad }) => bad).map(({ event }) => event),
      ['task-failed', 'run-stopping', 'run-ended'],
    )
  })
})

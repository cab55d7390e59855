import assert from 'node:assert/strict'
import { systemRandom } from '../../../src/core/random.ts'
import type { SessionRecord, TaskRecord } from '../../../src/lease/records.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../../src/ledger/memory/memory-ledger.ts'
import {
  inOrder,
  isBad,
  NEW_RUN,
  NEW_SESSION,
  NEW_TASK,
  runEvents,
  sessionEvents,
  taskEvents,
  type TaskMark,
} from '../../../src/node/monitor/mesh-events.ts'
import type { MeshEventView } from '../../../src/node/views.ts'
import { Bench, DONE, dagPlan, HandClock, id } from '../../ledger/contract/bench.ts'

const FAILED = { ...DONE, outcome: 'failed' as const, error: { code: 'X', message: 'no beam' } }
const RELEASE = { reason: 'leaving', notBefore: null, uncounted: true }

/** Kinds of the events of a task's whole life, as somebody learns them who sees only its last state. */
const kinds = (events: readonly MeshEventView[]): string[] => events.map(({ event }) => event.replace('task-', ''))
const life = (task: TaskRecord): string[] => kinds(taskEvents(task, NEW_TASK).events)

describe('events of the mesh', () => {
  let bench: Bench
  let ledger: Ledger

  beforeEach(async () => {
    const tools = { clock: new HandClock(), random: systemRandom }
    ledger = openMemoryLedger(tools)
    bench = new Bench(ledger, tools)
    await bench.session('s')
  })

  afterEach(() => ledger.close())

  async function taskAfter(
    act: (task: string) => Promise<unknown>,
    plan: Parameters<typeof dagPlan>[1][number] = 'a',
  ): Promise<TaskRecord> {
    await bench.submit('r', [dagPlan('main', [plan])])
    bench.clock.advance(1000)
    await act(id('r', 'a'))
    return (await ledger.task(id('r', 'a')))!
  }

  it('tell a task that succeeded, with times, peer and queue', async () => {
    const task = await taskAfter(async name => {
      const { claim } = await bench.claim('s', name)
      bench.clock.advance(250)
      await ledger.complete(claim, DONE)
    })
    const { events } = taskEvents(task, NEW_TASK)
    assert.deepEqual(kinds(events), ['queued', 'started', 'succeeded'])
    const [queued, started, succeeded] = events
    assert.deepEqual([queued?.run, queued?.dag, queued?.task, queued?.queue], ['r', 'main:1', 'a', 'task'])
    assert.equal(Date.parse(started!.at) - Date.parse(queued!.at), 1000)
    assert.deepEqual([started?.peer, started?.session], ['name-of-s', 's'])
    assert.equal(succeeded?.durationMs, 250)
  })

  it('tell each outcome by its name', async () => {
    const outcomes = { stopped: 'stopped', aborted: 'aborted', failed: 'failed', 'timed-out': 'failed' } as const
    for (const [outcome, told] of Object.entries(outcomes) as [keyof typeof outcomes, string][]) {
      await bench.submit(outcome, [dagPlan('main', ['a'])])
      const { claim } = await bench.claim('s', id(outcome, 'a'))
      await ledger.complete(claim, { ...DONE, outcome })
      assert.deepEqual(life((await ledger.task(id(outcome, 'a')))!), ['queued', 'started', told])
    }
  })

  it('tell a failure that is repeated as retried, and the last one as failed', async () => {
    const task = await taskAfter(
      async name => {
        for (let tries = 0; tries < 2; tries++) {
          const { claim } = await bench.claim('s', name)
          await ledger.complete(claim, FAILED)
        }
      },
      { name: 'a', retries: 1 },
    )
    const { events } = taskEvents(task, NEW_TASK)
    assert.deepEqual(kinds(events), ['queued', 'started', 'retried', 'started', 'failed'])
    assert.equal(events.at(-1)?.error?.message, 'no beam')
  })

  it('tell a task that was given back', async () => {
    const task = await taskAfter(async name => ledger.release((await bench.claim('s', name)).claim, RELEASE))
    assert.deepEqual(life(task), ['queued', 'started', 'released'])
  })

  it('tell what was taken over, lost, and given up as quarantined', async () => {
    const die = async (name: string, session = 's') => {
      await bench.claim(session, name)
      await bench.kill(session)
      await ledger.reclaim(10)
    }
    const cases = { idempotent: 'taken-over', exclusive: 'lost' } as const
    for (const [effect, told] of Object.entries(cases)) {
      await bench.submit(effect, [dagPlan('main', [{ name: 'a', effect: effect as 'exclusive' }])])
      await bench.session(effect)
      await die(id(effect, 'a'), effect)
      assert.deepEqual(life((await ledger.task(id(effect, 'a')))!), ['queued', 'started', told])
    }
    const task = await taskAfter(async name => {
      for (const session of ['x', 'y', 'z']) {
        await bench.session(session)
        await die(name, session)
      }
    })
    assert.deepEqual(life(task).slice(-2), ['started', 'quarantined'])
  })

  it('tell a lost task that was given up as failed', async () => {
    const task = await taskAfter(
      async name => {
        await bench.claim('s', name)
        await bench.kill('s')
        await ledger.reclaim(10)
        await ledger.resolve(name, 'give-up', 'ann')
      },
      { name: 'a', effect: 'exclusive' },
    )
    assert.deepEqual(life(task), ['queued', 'started', 'lost', 'failed'])
  })

  it('tell what was skipped and what was cancelled', async () => {
    await bench.submit('r', [dagPlan('main', ['a', 'b', 'c'], ['a>b', 'a>c'])])
    await bench.run('s', id('r', 'a'), { limit: ['c'] })
    await ledger.stopRun('r', { reason: 'stopped', by: 'ann', at: bench.clock.now, error: null })
    assert.deepEqual(life((await ledger.task(id('r', 'b')))!), ['skipped'])
    assert.deepEqual(life((await ledger.task(id('r', 'c')))!), ['queued', 'cancelled'])
  })

  it('are the same ones, each once, however often one looks', async () => {
    const seen: MeshEventView[] = []
    let mark: TaskMark = NEW_TASK
    const look = async (): Promise<void> => {
      const told = taskEvents((await ledger.task(id('r', 'a')))!, mark)
      seen.push(...told.events)
      mark = told.mark
    }
    const task = await taskAfter(
      async name => {
        await look()
        for (const result of [FAILED, FAILED, DONE]) {
          const { claim } = await bench.claim('s', name)
          await look()
          await look()
          await ledger.complete(claim, result)
          await look()
        }
      },
      { name: 'a', retries: 5 },
    )
    assert.deepEqual(kinds(seen), life(task))
    assert.equal(seen.length, 7)
  })

  it('tell a run from its submission to its end, and who stopped it', async () => {
    await bench.submit('r', [dagPlan('main', ['a', 'b'])], { submittedBy: 'ann' })
    const first = runEvents((await ledger.runHead('r'))!, NEW_RUN)
    assert.deepEqual(
      first.events.map(({ event, by }) => [event, by]),
      [['run-submitted', 'ann']],
    )
    const { claim } = await bench.claim('s', id('r', 'a'))
    await ledger.stopRun('r', { reason: 'stopped', by: 'bob', at: bench.clock.now, error: null })
    await ledger.complete(claim, DONE)
    const rest = runEvents((await ledger.runHead('r'))!, first.mark)
    assert.deepEqual(
      rest.events.map(({ event, by, state }) => [event, by ?? state]),
      [
        ['run-started', undefined],
        ['run-stopping', 'bob'],
        ['run-ended', 'stopped'],
      ],
    )
    assert.deepEqual(runEvents((await ledger.runHead('r'))!, rest.mark).events, [])
  })

  it('tell a peer that joins, falls silent, comes back, drains and leaves', async () => {
    const [session] = await ledger.sessions()
    const told: string[] = []
    let mark = NEW_SESSION
    const look = (silentMs: number, changes: Partial<SessionRecord> = {}): void => {
      const next = sessionEvents({ ...session!, ...changes }, silentMs, mark, bench.clock.now)
      told.push(...next.events.map(({ event }) => event))
      mark = next.mark
    }
    look(0)
    look(6000)
    look(6500)
    look(0)
    look(0, { drainAsked: { by: 'ann', at: 1 } })
    look(0, { drainAsked: { by: 'ann', at: 1 }, state: 'draining' })
    look(0, { state: 'dead', deathProof: 'left', deadAt: 5 })
    look(0, { state: 'dead', deathProof: 'left', deadAt: 5 })
    assert.deepEqual(told, ['peer-joined', 'peer-silent', 'peer-back', 'peer-draining', 'peer-left'])
  })

  it('tell a death, and an eviction from it', async () => {
    const [session] = await ledger.sessions()
    const gone = (deathProof: SessionRecord['deathProof']) =>
      sessionEvents(
        { ...session!, state: 'dead', deathProof, deadAt: 1, buriedBy: 'ann' },
        0,
        { ...NEW_SESSION, joined: true },
        1,
      )
    assert.deepEqual(
      gone('lock').events.map(({ event, proof }) => [event, proof]),
      [['peer-dead', 'lock']],
    )
    assert.deepEqual(
      gone('evicted').events.map(({ event, by }) => [event, by]),
      [['peer-evicted', 'ann']],
    )
  })

  it('are in the order of their times, and of one moment a run surrounds its tasks', () => {
    const at = '2026-01-01T00:00:00.000Z'
    const later = '2026-01-01T00:00:01.000Z'
    const ordered = inOrder([
      { at: later, event: 'task-started' },
      { at, event: 'run-ended' },
      { at, event: 'task-succeeded' },
      { at, event: 'run-submitted' },
    ])
    assert.deepEqual(
      ordered.map(({ event }) => event),
      ['run-submitted', 'task-succeeded', 'run-ended', 'task-started'],
    )
  })

  it('are bad when something went wrong, even if it was mended', () => {
    assert.ok(isBad({ at: '', event: 'task-retried' }))
    assert.ok(isBad({ at: '', event: 'run-ended', state: 'failed' }))
    assert.ok(!isBad({ at: '', event: 'run-ended', state: 'succeeded' }))
    assert.ok(!isBad({ at: '', event: 'peer-left' }))
  })
})

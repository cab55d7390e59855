import assert from 'node:assert/strict'
import { silentLog } from '../../src/core/log.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { DagRecord, PayloadRef, TaskRecord } from '../../src/lease/records.ts'
import type { CopiesWanted, PayloadStore } from '../../src/payload/payload-store.ts'
import { LeavingPayloads, type LeavingPayloadsParts, neededOf } from '../../src/supervisor/leaving-payloads.ts'
import { dagPlan, taskPlan } from '../support/memory-peers.ts'
import { readyTask } from '../lease/task-fixture.ts'

const NEVER = new AbortController().signal
const refOf = (hash: string, holders = ['me']): PayloadRef => ({ hash, sizeBytes: 100, inline: null, holders })
const PLAN = {
  name: 'w',
  description: '',
  options: [],
  dags: [
    dagPlan(
      'd',
      [taskPlan('first'), taskPlan('second'), taskPlan('third')],
      [
        ['first', 'second'],
        ['second', 'third'],
      ],
    ),
  ],
}

function tasksIn(states: [TaskRecord['state'], TaskRecord['state'], TaskRecord['state']]): TaskRecord[] {
  return ['first', 'second', 'third'].map((name, index) => {
    const state = states[index]!
    const id = `run/d:1/${name}`
    return readyTask({ id, run: 'run', dag: 'd:1', name, state, epoch: 1, out: state === 'done' ? refOf(name) : null })
  })
}

function dagWith(state: DagRecord['state'], data: PayloadRef | null = null) {
  return { name: 'd:1', blueprint: 'd', state, data } as DagRecord
}

describe('what a peer that leaves should hand on', () => {
  const namesOf = (...args: Parameters<typeof neededOf>) => neededOf(...args).map(({ ref }) => ref.hash)

  it('is what tasks that have not ended read', () => {
    assert.deepEqual(namesOf(dagWith('running'), tasksIn(['done', 'done', 'ready']), PLAN), ['second'])
    assert.deepEqual(namesOf(dagWith('running'), tasksIn(['done', 'claimed', 'blocked']), PLAN), ['first'])
    assert.deepEqual(namesOf(dagWith('running'), tasksIn(['done', 'done', 'done']), PLAN), [])
    assert.deepEqual(namesOf(dagWith('succeeded'), tasksIn(['done', 'done', 'ready']), PLAN), [])
  })

  it('is the start data while a task that begins with it has not ended', () => {
    const data = refOf('start')
    assert.deepEqual(namesOf(dagWith('running', data), tasksIn(['ready', 'blocked', 'blocked']), PLAN), ['start'])
    assert.deepEqual(namesOf(dagWith('running', data), tasksIn(['done', 'ready', 'blocked']), PLAN), ['first'])
  })
})

async function untilOver(ref: PayloadRef, signal: AbortSignal): Promise<PayloadRef> {
  await systemClock.sleep(60_000, signal)
  return ref
}

describe('a peer that leaves', () => {
  /** `takes`: peers that keep a copy; what was asked of whom, and what was noted. */
  function leaving(
    holders: string[],
    {
      takes = [],
      staying = ['other', 'taker'],
      oneHost = false,
      copies = 1,
      clock = systemClock,
      spread,
      ...ledger
    }: Partial<Pick<LeavingPayloadsParts['ledger'], 'runHeads' | 'noteHolder'>> & {
      takes?: string[]
      staying?: string[]
      oneHost?: boolean
      copies?: number
      clock?: Clock
      spread?: PayloadStore['spread']
    } = {},
  ) {
    const takers = [...takes]
    const names = Array.from({ length: copies }, (_, index) => `d:${index + 1}`)
    const asked: CopiesWanted[] = []
    const noted: unknown[] = []
    const tasks = names.flatMap(dag =>
      tasksIn(['done', 'ready', 'blocked']).map(task => ({
        ...task,
        id: `run/${dag}/${task.name}`,
        dag,
        out: task.out && { ...task.out, holders },
      })),
    )
    const payloads = new LeavingPayloads({
      ledger: {
        traits: { kind: 'mongodb', provesDeath: false, oneHost, handsOnWaiting: false, passesOn: false },
        runHeads: async () => [{ id: 'run' }] as never,
        run: async () => ({ plan: PLAN }) as never,
        dags: async () => names.map(name => ({ ...dagWith('running'), name })),
        tasks: async () => tasks,
        noteHolder: async (peer, outputs) => void noted.push([peer, ...outputs]),
        ...ledger,
      },
      payloads: {
        spread: async (ref, wanted, signal) => {
          asked.push(wanted)
          return spread?.(ref, wanted, signal) ?? { ...ref, holders: [...ref.holders, ...takers.splice(0, 1)] }
        },
      },
      self: 'me',
      isStaying: peer => staying.includes(peer),
      copyPlaces: () => ['taker'],
      clock,
      log: silentLog,
      onProgress: () => {},
    })
    return { payloads, asked, noted }
  }

  it('gives what only it holds to one more, and notes who has it now', async () => {
    const { payloads, asked, noted } = leaving(['me'], { takes: ['taker'] })
    await payloads.handOn(NEVER)
    assert.deepEqual(asked, [{ copies: 2, at: ['taker'], alsoShared: true }])
    assert.deepEqual(noted, [['taker', { task: 'run/d:1/first', epoch: 1 }]])
    assert.deepEqual(payloads.counts, { handedOn: 1, leaving: 0, leavingBytes: 0 })
  })

  it('gives what only the dead hold besides, and nothing that others hold, or that is in a folder of all', async () => {
    const gone = leaving(['me', 'dead'], { takes: ['taker'] })
    await gone.payloads.handOn(NEVER)
    assert.equal(gone.asked[0]?.copies, 3)
    const cases = [leaving(['me', 'other']), leaving(['other']), leaving(['me'], { oneHost: true })]
    for (const { payloads, asked } of cases) {
      await payloads.handOn(NEVER)
      assert.deepEqual([asked, payloads.counts.leaving], [[], 0])
    }
  })

  it('gives it to one more when who took it is leaving, too', async () => {
    const { payloads, noted } = leaving(['me'], { takes: ['goes', 'taker'], staying: ['taker'] })
    await payloads.handOn(NEVER)
    assert.deepEqual(noted, [['taker', { task: 'run/d:1/first', epoch: 1 }]])
    const together = leaving(['me'], { takes: ['goes'], staying: [] })
    await together.payloads.handOn(NEVER)
    assert.deepEqual([together.noted, together.payloads.counts.leaving], [[], 1])
  })

  it('notes it with all tasks that left the same bytes', async () => {
    const { payloads, noted } = leaving(['me'], { takes: ['taker'], copies: 2 })
    await payloads.handOn(NEVER)
    const outputs = ['1', '2'].map(copy => ({ task: `run/d:${copy}/first`, epoch: 1 }))
    assert.deepEqual(noted, [['taker', ...outputs]])
  })

  it('waits a minute for all of it, whoever does not answer', async () => {
    const never = new Promise<never>(() => {})
    const silent = [
      { runHeads: () => never },
      { noteHolder: () => never },
      { spread: (ref: PayloadRef, _wanted: CopiesWanted, signal: AbortSignal) => untilOver(ref, signal) },
    ]
    const told = []
    for (const more of silent) {
      const limits: number[] = []
      const timer = (ms: number, run: () => void) => {
        limits.push(ms)
        const soon = setTimeout(run, 20)
        return { cancel: () => clearTimeout(soon) }
      }
      const { payloads } = leaving(['me'], { takes: ['taker'], ...more, clock: { ...systemClock, timer } })
      await payloads.handOn(NEVER)
      told.push([payloads.counts.handedOn, payloads.counts.leaving, ...limits])
    }
    assert.deepEqual(told, [
      [0, 0, 60_000],
      [1, 0, 60_000],
      [0, 1, 60_000],
    ])
  })

  it('tells what nobody took', async () => {
    const { payloads, noted } = leaving(['me'])
    await payloads.handOn(NEVER)
    assert.deepEqual([noted, payloads.counts], [[], { handedOn: 0, leaving: 1, leavingBytes: 100 }])
  })
})

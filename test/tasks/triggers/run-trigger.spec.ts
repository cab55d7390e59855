import assert from 'node:assert/strict'
import { BatchBook } from '../../../src/tasks/triggers/batch-book.ts'
import { runTrigger, type TriggerSource } from '../../../src/tasks/triggers/run-trigger.ts'
import type { TaskCall, TaskNotes } from '../../../src/workflow/task-call.ts'
import { context } from '../attempts.ts'
import { SleepingClock } from './virtual-folder.ts'

const END_WITHIN_MS = 5000

describe('a trigger that is to end', () => {
  it('hands over all that was there, however long the hand-over takes', async () => {
    const { handed } = await endOf(pages([['a', 'b'], ['c'], ['d', 'e']]), END_WITHIN_MS)
    assert.deepEqual(handed, ['a', 'b', 'c', 'd', 'e'])
  })

  it('waits no longer than it says for what is still being written', async () => {
    const { handed, told, tookMs } = await endOf(neverDone(), 0)
    assert.deepEqual(handed, [])
    assert.match(told.join(), /1 pages were still being written and are not handed over/)
    assert.ok(tookMs >= END_WITHIN_MS && tookMs < END_WITHIN_MS + 100, `${tookMs} ms`)
  })
})

/** Runs a trigger that is to end from its beginning; each hand-over takes `handOverMs`. */
async function endOf(source: TriggerSource<string>, handOverMs: number) {
  const clock = new SleepingClock()
  const fromMs = clock.nowMs
  const handed: string[] = []
  const told: string[] = []
  const notes = { get: async () => null, set: async () => {} } as unknown as TaskNotes
  const signal = { isStopped: false, isDraining: false, abort: new AbortController().signal }
  const call = { context, signal } as unknown as TaskCall
  await runTrigger({
    task: 'watch',
    source,
    book: new BatchBook<string>(call.context, notes),
    call,
    log: { output: (_stream, line) => void told.push(line), notes },
    clock,
    rules: { aggregate: 1, maxItems: null, stopAfterIdleMs: null, stopWhen: () => true, endWithinMs: END_WITHIN_MS },
    deliver: items => {
      handed.push(...items)
      clock.nowMs += handOverMs
    },
  })
  return { handed, told, tookMs: clock.nowMs - fromMs }
}

/** Each look finds one page, and that there are more. */
function pages(all: string[][]): TriggerSource<string> {
  let ready: string[] = []
  return {
    ...neverDone(),
    look: async () => void ready.push(...(all.shift() ?? [])),
    take: async count => ({ items: ready.splice(0, count), mark: null }),
    get ready() {
      return ready.length
    },
    get unready() {
      return all.length > 0 ? 1 : 0
    },
  }
}

function neverDone(): TriggerSource<string> {
  return {
    what: 'pages',
    start: async () => null,
    look: async () => {},
    take: async () => null,
    close: () => {},
    ready: 0,
    unready: 1,
    isFlushing: false,
    isHinted: false,
    pauseMs: 10,
  }
}

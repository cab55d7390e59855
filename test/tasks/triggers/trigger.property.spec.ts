import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { hasCode } from '../../../src/core/errors.ts'
import { BatchBook } from '../../../src/tasks/triggers/batch-book.ts'
import { FileSource, type FileSourceRules } from '../../../src/tasks/triggers/file-source.ts'
import { runTrigger, type TriggerRules } from '../../../src/tasks/triggers/run-trigger.ts'
import type { TaskCall, TaskNotes } from '../../../src/workflow/task-call.ts'
import { context } from '../attempts.ts'
import { SleepingClock, VirtualFolder, type WrittenFile } from './virtual-folder.ts'

const SETTLE_MS = 100
const POLL_MS = 60

const RULES: FileSourceRules = {
  task: 'watch',
  root: '/nonexistent',
  patterns: ['*'],
  exclude: [],
  looksAgain: true,
  ignoreRewritten: false,
  allowEmpty: false,
  settleMs: SETTLE_MS,
  pollMs: POLL_MS,
  useExisting: false,
  flushExisting: false,
}

interface World {
  files: WrittenFile[]
  aggregate: number
  /** Steps (writes to the store, starts of DAGs) at which the peer dies: before it is done, or after. */
  deaths: { step: number; isAfter: boolean }[]
  /** Of looks: how much of a moment before their end they may miss. */
  raceMs: number
  useExisting: boolean
}

class Death extends Error {}

/** Runs a trigger in this world until everything was handed over; dead attempts are followed by others. */
async function play({ files, aggregate, deaths, raceMs, useExisting }: World) {
  const clock = new SleepingClock()
  const kept = new Map<string, unknown>()
  const started = new Map<string, { files: string[]; atMs: number }>()
  const handed: string[][] = []
  const dying = new Map(deaths.map(({ step, isAfter }) => [step, isAfter]))
  let step = 0
  /** One step of the outside world, which may be the last of this attempt. */
  const doStep = (act: () => void): void => {
    step += 1
    const isAfter = dying.get(step)
    dying.delete(step)
    if (isAfter === false) throw new Death()
    act()
    if (isAfter === true) throw new Death()
  }
  const notes = {
    get: async (path: string) => structuredClone(kept.get(path) ?? null),
    set: async (path: string, value: unknown) => doStep(() => kept.set(path, structuredClone(value))),
  } as TaskNotes
  const signal = {
    startDag: async (_dag: string, data: { files: string[] }, { key }: { key: string }) => {
      doStep(() => {
        if (!started.has(key)) started.set(key, { files: data.files, atMs: clock.nowMs })
      })
      return 'one:1'
    },
    isStopped: false,
    isDraining: false,
    abort: new AbortController().signal,
  }
  const endMs = Math.max(0, ...files.flatMap(({ writesMs }) => writesMs))
  for (let attempt = 1; attempt <= deaths.length + 1; attempt++) {
    let race = 0
    const misses = (sinceMs: number): boolean => sinceMs < ((race = (race * 7 + 3) % 11) / 10) * raceMs
    const call = { context: { ...context, attempt }, signal } as unknown as TaskCall
    const book = new BatchBook<string>(call.context, notes)
    const log = { output: () => {}, notes }
    const finder = new VirtualFolder(clock, files, misses)
    const rules: TriggerRules = {
      aggregate,
      maxItems: null,
      stopAfterIdleMs: null,
      stopWhen: () => clock.nowMs > endMs,
      endWithinMs: Number.POSITIVE_INFINITY,
    }
    try {
      await runTrigger({
        task: 'watch',
        source: new FileSource({ ...RULES, useExisting }, { clock, log, pages: book, finder }),
        book,
        call,
        log,
        clock,
        rules,
        deliver: async (items, _batch, { signal }) => {
          handed.push(items)
          await signal.startDag('one', { files: items })
        },
      })
      break
    } catch (error) {
      // Three died in one batch: that it then gives up is told elsewhere.
      fc.pre(!hasCode(error, 'LF_TRIGGER_BATCH'))
      if (!(error instanceof Death)) throw error
      // Until another peer takes it.
      clock.nowMs += 37
    }
  }
  return { started: [...started.values()], handed }
}

const deathsOf = fc.array(fc.record({ step: fc.integer({ min: 2, max: 60 }), isAfter: fc.boolean() }), { maxLength: 8 })

/** Each is written in pieces, with pauses shorter than the settle time, and complete before the next is begun. */
const inSequence = fc
  .array(
    fc.record({
      gapMs: fc.integer({ min: 1, max: 300 }),
      pieces: fc.array(fc.integer({ min: 0, max: SETTLE_MS - 1 }), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map(files => {
    // The first comes when the trigger is there.
    let nowMs = 1
    return files.map(({ gapMs, pieces }, index): WrittenFile => {
      const writesMs = [(nowMs += gapMs)]
      for (const pauseMs of pieces) writesMs.push((nowMs += pauseMs))
      return { name: `f${String(index).padStart(3, '0')}`, writesMs }
    })
  })

/** Written in any order and at the same time, with whatever time at the end, as copies have that keep theirs. */
const inAnyOrder = fc
  .array(
    fc.record({
      fromMs: fc.integer({ min: 2, max: 2000 }),
      pieces: fc.array(fc.integer({ min: 0, max: SETTLE_MS - 1 }), { maxLength: 4 }),
      mtimeMs: fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map(files =>
    files.map(({ fromMs, pieces, mtimeMs }, index): WrittenFile => {
      let nowMs = fromMs
      const writesMs = [nowMs, ...pieces.map(pauseMs => (nowMs += pauseMs))]
      return { name: `f${index}`, writesMs, ...(mtimeMs === undefined ? {} : { mtimeMs }) }
    }),
  )

function worldOf(files: fc.Arbitrary<WrittenFile[]>): fc.Arbitrary<World> {
  return fc.record({
    files,
    aggregate: fc.integer({ min: 1, max: 4 }),
    deaths: deathsOf,
    raceMs: fc.integer({ min: 0, max: 50 }),
    useExisting: fc.boolean(),
  })
}

describe('a trigger, whenever its peers die', function () {
  this.timeout(60_000)

  it('hands over every file exactly once, in order, complete, as its DAGs see it', async () => {
    await fc.assert(
      fc.asyncProperty(worldOf(inSequence), async world => {
        const { started } = await play(world)
        assert.deepEqual(
          started.flatMap(({ files }) => files),
          world.files.map(({ name }) => name),
        )
        const completeMs = new Map(world.files.map(({ name, writesMs }) => [name, writesMs.at(-1) ?? 0]))
        for (const { files, atMs } of started) {
          for (const name of files) assert.ok(atMs >= (completeMs.get(name) ?? 0), `${name} was not complete`)
        }
        const sizes = started.map(({ files }) => files.length)
        assert.ok(
          sizes.slice(0, -1).every(size => size === world.aggregate),
          `whole batches but for the last: ${sizes.join(', ')}`,
        )
      }),
      { numRuns: 200 },
    )
  })

  it('misses none and repeats none that is written in whatever order, with whatever time', async () => {
    await fc.assert(
      fc.asyncProperty(worldOf(inAnyOrder), async world => {
        const { started } = await play(world)
        const files = started.flatMap(({ files }) => files)
        assert.deepEqual(files.toSorted(), world.files.map(({ name }) => name).toSorted())
      }),
      { numRuns: 200 },
    )
  })

  it('calls back again for a batch that was cut off, and for no other', async () => {
    await fc.assert(
      fc.asyncProperty(worldOf(inSequence), async world => {
        const { handed } = await play(world)
        const repeats = handed.filter((batch, index) => index > 0 && batch[0] === handed[index - 1]?.[0])
        assert.ok(repeats.length <= world.deaths.length)
        const distinct = handed.filter((batch, index) => batch[0] !== handed[index - 1]?.[0])
        assert.equal(new Set(distinct.flat()).size, distinct.flat().length, 'a batch comes again only at once')
      }),
      { numRuns: 100 },
    )
  })
})

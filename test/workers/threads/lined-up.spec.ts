import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/core/clock.ts'
import { MAX_LINED_UP } from '../../../src/workers/threads/thread-messages.ts'
import { ThreadPool } from '../../../src/workers/threads/thread-pool.ts'
import type { LinedUpJob, RunningJob } from '../../../src/workers/worker-pool.ts'
import { eventually } from '../../support/eventually.ts'
import { HARMFUL_FILE, RecordingHost, WELL_BEHAVED_FILE, dataOf, makeJob } from '../make-job.ts'

const killed = { code: 'LF_TIMEOUT', message: 'The task took too long.' }
const LONG_MS = 600_000

describe('jobs lined up in a thread', () => {
  let codeCacheFolder: string
  let pool: ThreadPool
  /** However long it takes: nothing runs for long, unless a test says so. */
  let nowMs: number
  const clock = { ...systemClock, monotonicMs: () => nowMs }
  /** Names of jobs whose turn came. */
  let turns: string[]
  before(async () => (codeCacheFolder = await mkdtemp(join(tmpdir(), 'lf-threads-'))))
  after(() => rm(codeCacheFolder, { recursive: true }))
  beforeEach(() => {
    pool = new ThreadPool({ clock }, { codeCacheFolder, prewarmed: 0 })
    turns = []
    nowMs = 0
  })
  afterEach(() => pool.close())

  interface Options {
    host?: RecordingHost
    bundleFile?: string
    mayBeginForMs?: number
  }
  const tryToLineUp = (task: string, { host = new RecordingHost(), mayBeginForMs = LONG_MS, ...job }: Options = {}) =>
    pool.lineUp(makeJob(task, job), host.host, { onTurn: () => turns.push(task), mayBeginForMs: () => mayBeginForMs })
  const lineUp = (task: string, options: Options = {}): LinedUpJob => {
    const job = tryToLineUp(task, options)
    assert.ok(job !== null)
    return job
  }
  /** Keeps its thread busy until it is told to stop. */
  const startLong = async (task = 'until-stopped', bundleFile = WELL_BEHAVED_FILE): Promise<RunningJob> => {
    const host = new RecordingHost()
    const running = pool.start(makeJob(task, { bundleFile }), host.host)
    await eventually(() => host.hasStarted || host.lines.length > 0)
    return running
  }
  const outcomeOf = async (job: Pick<LinedUpJob, 'result'>) => (await job.result)?.outcome ?? null

  it('begin one after the other, each when the one before it has ended, and in no other thread', async () => {
    const long = await startLong()
    const hosts = [new RecordingHost(), new RecordingHost(), new RecordingHost()]
    const lined = ['draw', 'draw', 'draw'].map((task, index) => lineUp(task, { host: hosts[index]! }))
    assert.deepEqual(turns, [])
    long.stop()
    const drawn = await Promise.all(lined.map(async ({ result }) => dataOf((await result)!)))
    assert.equal(new Set(drawn.map(({ thread }) => thread)).size, 1)
    assert.equal(turns.length, 3)
    assert.equal((await long.result).outcome, 'done')
  })

  it('tell each its own host what they print and ask for', async () => {
    const long = await startLong()
    const hosts = [new RecordingHost(), new RecordingHost(), new RecordingHost()]
    const lined = ['use-store', 'nothing-like-this', 'use-dags'].map((task, index) =>
      lineUp(task, { host: hosts[index]! }),
    )
    long.stop()
    assert.deepEqual(await Promise.all(lined.map(outcomeOf)), ['done', 'failed', 'done'])
    assert.deepEqual(
      hosts.map(({ calls }) => calls[0]?.[0]),
      ['storeWrite', undefined, 'startDag'],
    )
    await pool.close()
    pool = new ThreadPool({ clock }, { codeCacheFolder })
    const first = new RecordingHost()
    const other = new RecordingHost()
    const flooding = pool.start(makeJob('nothing', { bundleFile: HARMFUL_FILE }), new RecordingHost().host)
    await flooding.result
    const printing = pool.start(makeJob('flood', { bundleFile: HARMFUL_FILE }), first.host)
    const second = lineUp('print', { host: other, bundleFile: HARMFUL_FILE })
    await Promise.all([printing.result, second.result])
    assert.equal(first.lines.length, 60_000)
    assert.equal(other.lines.at(0), 'stdout: first')
    assert.equal(other.lines.at(-1), 'stdout: unfinished')
    assert.equal(other.lines.length, 8)
  })

  it('come back when they are taken back before they begin, which hurts nobody', async () => {
    const long = await startLong()
    const [first, second] = [lineUp('draw'), lineUp('draw')]
    assert.equal(first.takeBack(), true)
    assert.equal(await first.result, null)
    assert.equal(first.takeBack(), true, 'it does not begin here')
    long.stop()
    assert.equal(await outcomeOf(second), 'done')
    assert.deepEqual(turns, ['draw'])
  })

  it('do not come back once they have begun, and it is their turn then', async () => {
    const long = await startLong()
    const host = new RecordingHost()
    const lined = lineUp('until-stopped', { host })
    long.stop()
    await eventually(() => host.hasStarted)
    assert.equal(lined.takeBack(), false)
    assert.deepEqual(turns, ['until-stopped'])
    lined.stop()
    assert.equal(await outcomeOf(lined), 'done')
    assert.deepEqual(turns, ['until-stopped'])
  })

  it('go behind none that has run for long', async () => {
    const long = await startLong()
    nowMs = 31
    assert.equal(tryToLineUp('draw'), null)
    long.stop()
    assert.equal((await long.result).outcome, 'done')
  })

  it('are not hit by a kill of the one before, which has ended', async () => {
    const long = await startLong()
    const begun = lineUp('until-stopped')
    await new Promise(resolve => setImmediate(resolve))
    long.stop()
    // This thread hears nothing meanwhile: neither that the first has ended nor that the second has begun.
    const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    standStill(500)
    long.kill(killed, 0)
    // The time of grace is over before anything else is heard.
    standStill(10)
    await new Promise(resolve => setTimeout(resolve, 50))
    begun.stop()
    assert.equal(await outcomeOf(begun), 'done')
  })

  it('are taken back by a kill as long as they wait, and killed when they have begun', async () => {
    const long = await startLong()
    const waiting = lineUp('until-stopped')
    waiting.kill(killed, 0)
    assert.equal(await waiting.result, null)
    const host = new RecordingHost()
    const begun = lineUp('ignores-abort', { host })
    long.stop()
    await eventually(() => host.hasStarted)
    begun.kill(killed, 1)
    assert.deepEqual((await begun.result)?.error, killed)
    assert.equal((await long.result).outcome, 'done')
  })

  it('come back when the one that runs is killed', async () => {
    const long = await startLong('ignores-abort')
    const waiting = [lineUp('draw'), lineUp('draw')]
    long.kill(killed, LONG_MS)
    assert.deepEqual(await Promise.all(waiting.map(outcomeOf)), [null, null])
    assert.deepEqual(turns, [])
    assert.equal(tryToLineUp('draw'), null, 'nothing waits behind one that is being ended')
  })

  it('come back when the thread ends', async () => {
    await pool.start(makeJob('count', { bundleFile: HARMFUL_FILE }), new RecordingHost().host).result
    for (const task of ['exit', 'throw-later', 'reject-stray']) {
      const host = new RecordingHost()
      const warm = pool.start(makeJob('count', { bundleFile: HARMFUL_FILE }), host.host)
      await warm.result
      const dying = pool.start(makeJob(task, { bundleFile: HARMFUL_FILE }), host.host)
      const waiting = lineUp('count', { bundleFile: HARMFUL_FILE })
      assert.equal((await dying.result).outcome, 'failed')
      assert.equal(await waiting.result, null, task)
      assert.deepEqual(turns, [])
    }
  })

  it('come back when the one before them leaves something running', async () => {
    await pool.start(makeJob('count', { bundleFile: HARMFUL_FILE }), new RecordingHost().host).result
    const messy = pool.start(makeJob('leave-timer', { bundleFile: HARMFUL_FILE }), new RecordingHost().host)
    const waiting = lineUp('count', { bundleFile: HARMFUL_FILE })
    assert.equal((await messy.result).outcome, 'done')
    assert.equal(await waiting.result, null)
  })

  it('come back when the pool is closed', async () => {
    const long = await startLong('ignores-abort')
    const waiting = lineUp('draw')
    await pool.close()
    assert.equal(await waiting.result, null)
    assert.equal((await long.result).outcome, 'aborted')
  })

  it('come back when it is too late for them to begin', async () => {
    const long = await startLong()
    const [late, other] = [lineUp('draw', { mayBeginForMs: 0 }), lineUp('draw')]
    long.stop()
    assert.equal(await late.result, null)
    // Its turn had come: the place that it has is not that of the next one too.
    assert.equal(await other.result, null)
  })

  it('see only what they were told themselves', async () => {
    const long = await startLong()
    const host = new RecordingHost()
    const waiting = lineUp('until-stopped', { host })
    const draining = lineUp('until-draining')
    draining.drain()
    long.stop()
    await eventually(() => host.hasStarted)
    assert.equal(await Promise.race([waiting.result, Promise.resolve('runs')]), 'runs')
    waiting.stop()
    assert.equal(await outcomeOf(waiting), 'done')
    assert.equal(await outcomeOf(draining), 'handed-over')
  })

  it('are so many at most, behind a job of the same bundle that is not known to wait', async () => {
    assert.equal(tryToLineUp('draw'), null, 'nothing runs')
    const long = await startLong()
    assert.equal(tryToLineUp('count', { bundleFile: HARMFUL_FILE }), null)
    const waiting = Array.from({ length: MAX_LINED_UP }, () => lineUp('scale'))
    assert.equal(tryToLineUp('draw'), null)
    for (const job of waiting) assert.equal(job.takeBack(), true)
    lineUp('draw').takeBack()
    long.stop()
    await long.result
    const gate = Promise.withResolvers<boolean>()
    const calls: string[] = []
    const host = new RecordingHost({ joinDags: () => (calls.push('join'), gate.promise) })
    const joining = pool.start(makeJob('use-dags'), host.host)
    await eventually(() => calls.length === 1)
    assert.equal(tryToLineUp('draw'), null)
    gate.resolve(true)
    assert.equal((await joining.result).outcome, 'done')
  })

  it('find the slots of those before them free again, however many there were', async () => {
    for (let round = 0; round < 3; round++) {
      const long = await startLong()
      const lined = Array.from({ length: MAX_LINED_UP }, () => lineUp('tell-context'))
      for (const job of lined.slice(0, 5)) assert.equal(job.takeBack(), true)
      // Their slots are given to others while the thread still has them in its list.
      const others = Array.from({ length: 5 }, () => lineUp('tell-context'))
      long.stop()
      const outcomes = await Promise.all([...lined, ...others].map(outcomeOf))
      assert.deepEqual(
        outcomes,
        outcomes.map((_, index) => (index < 5 ? null : 'done')),
      )
    }
    assert.equal(turns.length, 3 * MAX_LINED_UP)
  })
})

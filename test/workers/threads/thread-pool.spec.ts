import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { systemClock } from '../../../src/core/clock.ts'
import { ThreadPool, type ThreadPoolOptions } from '../../../src/workers/threads/thread-pool.ts'
import { MAX_LINE_CHARS } from '../../../src/workers/output-lines.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { HARMFUL_FILE, RecordingHost, WASTEFUL_FILE, WELL_BEHAVED_FILE, dataOf, makeJob } from '../make-job.ts'
import { workerPoolContract } from '../worker-pool.contract.ts'

/** Tells how much of the library was not being loaded yet when it was run. */
const WATCHFUL = `
  import { registerHooks } from 'node:module'
  let loaded = 0
  registerHooks({ load: (url, context, next) => (++loaded, next(url, context)) })
  const { Dag, FunctionTask } = await import('lightflow')
  const count = loaded
  export const jobs = new Dag('jobs', { schema: [new FunctionTask('look', ({ data }) => data.set('loaded', count))] })
`

/** Takes 200 ms to load, and has a task of 50. */
const SLOW = `
  import { setTimeout as delay } from 'node:timers/promises'
  import { Dag, FunctionTask } from 'lightflow'
  await delay(200)
  export const jobs = new Dag('jobs', { schema: [new FunctionTask('wait', () => delay(50))] })
`

const killed = { code: 'LF_TIMEOUT', message: 'The task took too long.' }

describe('a worker pool of threads', () => {
  let codeCacheFolder: string
  before(async () => (codeCacheFolder = await mkdtemp(join(tmpdir(), 'lf-threads-'))))
  after(() => rm(codeCacheFolder, { recursive: true }))

  const makePool = (options: ThreadPoolOptions = {}) => new ThreadPool({}, { codeCacheFolder, ...options })

  workerPoolContract(async () => makePool())

  it('tells how long the body took, without what came before it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lf-slow-'))
    const bundleFile = join(folder, 'slow.mjs')
    await writeFile(bundleFile, SLOW)
    const pool = makePool()
    try {
      const startedMs = performance.now()
      const { ranMs = NaN } = await pool.start(makeJob('wait', { bundleFile }), new RecordingHost().host).result
      const allMs = performance.now() - startedMs
      // Timers ring up to two milliseconds early.
      assert(ranMs >= 48 && ranMs <= allMs - 198, `${ranMs} of ${allMs} ms`)
    } finally {
      await pool.close()
      await rm(folder, { recursive: true })
    }
  })

  it('keeps no garbage of loading a large workflow in its threads', async () => {
    const pool = makePool()
    try {
      const job = makeJob('weigh', { bundleFile: WASTEFUL_FILE })
      const data = dataOf(await pool.start(job, new RecordingHost().host).result)
      const [loadedBytes, heapBytes] = [Number(data['loadedBytes']), Number(data['heapBytes'])]
      assert.ok(heapBytes < loadedBytes / 2, `${heapBytes} of ${loadedBytes} bytes`)
    } finally {
      await pool.close()
    }
  })

  describe('whose tasks do harm', () => {
    let pool: ThreadPool
    let host: RecordingHost
    const start = (task: string) => pool.start(makeJob(task, { bundleFile: HARMFUL_FILE }), host.host)
    const run = (task: string) => start(task).result

    beforeEach(() => {
      pool = makePool({ maxHeapMb: 64 })
      host = new RecordingHost()
    })
    afterEach(() => pool.close())

    it('ends a killed task that never gives control back', async () => {
      const running = start('loop')
      await eventually(() => host.lines.includes('stdout: looping'))
      running.kill(killed, 1)
      assert.deepEqual((await running.result).error, killed)
      assert.equal((await run('nothing')).outcome, 'done')
    })

    for (const [task, count] of [
      ['wait-for-program', 1],
      ['start-programs', 2],
    ] as const) {
      it(`ends the programs of a killed task with it (${task})`, async function () {
        if (process.platform !== 'linux') this.skip()
        const file = join(codeCacheFolder, task)
        const running = pool.start(makeJob(task, { bundleFile: HARMFUL_FILE, data: { file } }), host.host)
        const pids = await eventually(() => readPids(file, count))
        running.kill(killed, 1)
        assert.deepEqual((await running.result).error, killed)
        await eventually(() => !pids.some(isRunning))
      })
    }

    it('fails a task that exits, with all that it printed before', async () => {
      const { outcome, error } = await run('exit')
      assert.deepEqual([outcome, error?.code], ['failed', 'LF_TASK_EXITED'])
      assert.match(error?.message ?? '', /process\.exit\(3\)/)
      assert.deepEqual(host.lines, ['stdout: leaving', 'stdout: not even a line break'])
    })

    it('fails a task that throws where nobody catches, naming the error', async () => {
      const { outcome, error } = await run('throw-later')
      assert.deepEqual([outcome, error?.code], ['failed', 'LF_TASK_CRASHED'])
      assert.match(error?.message ?? '', /thrown in a timer/)
      assert.match(error?.stack ?? '', /harmful\.ts/)
      assert.deepEqual(host.lines, ['stderr: about to throw'])
    })

    it('fails a task that leaves a rejection to nobody, naming the error', async () => {
      const { outcome, error } = await run('reject-stray')
      assert.deepEqual([outcome, error?.code], ['failed', 'LF_TASK_CRASHED'])
      assert.match(error?.message ?? '', /nobody awaits this/)
      assert.equal((await run('reject-oddly')).error?.code, 'LF_TASK_CRASHED')
    })

    it('blames a rejection that a task left on it, not on the one that is started as soon as it has ended', async () => {
      await run('count')
      const first = await run('reject-and-end')
      const next = await run('nothing')
      assert.deepEqual([first.outcome, first.error?.code], ['failed', 'LF_TASK_CRASHED'])
      assert.equal(next.outcome, 'done')
    })

    for (const task of ['eat-memory', 'grow-array', 'grow-map']) {
      it(`fails a task that uses up its memory (${task}), and goes on`, async () => {
        const { outcome, error } = await run(task)
        assert.deepEqual([outcome, error?.code], ['failed', 'LF_TASK_OUT_OF_MEMORY'])
        assert.equal((await run('nothing')).outcome, 'done')
      }).timeout(60_000)
    }

    it('runs the next task of a workflow in the same thread', async () => {
      assert.equal(dataOf(await run('count'))['runs'], 1)
      assert.equal(dataOf(await run('count'))['runs'], 2)
    })

    it('gives the thread of a task that failed so badly to nobody else', async () => {
      for (const task of ['exit', 'throw-later', 'leave-timer']) {
        await run('count')
        await run(task)
        assert.equal(dataOf(await run('count'))['runs'], 1, `after ${task}`)
      }
    })

    it('gives the thread of a killed task to nobody else, even if the task heeded', async () => {
      pool = await replace(pool, makePool())
      await pool.start(makeJob('nothing'), host.host).result
      const running = pool.start(makeJob('until-aborted'), host.host)
      await eventually(() => host.hasStarted)
      running.kill(killed, 600_000)
      await running.result
      assert.equal((await pool.start(makeJob('nothing'), host.host).result).outcome, 'done')
    })

    it('lets no workflow see what another left in its thread', async () => {
      await run('count')
      const other = await pool.start(makeJob('tell-context', { bundleFile: WELL_BEHAVED_FILE }), host.host).result
      assert.equal(other.outcome, 'done')
      assert.equal(dataOf(await run('count'))['runs'], 2)
    })

    it('hands on what a task prints, line by line and in order', async () => {
      await run('print')
      assert.deepEqual(host.lines, [
        'stdout: first',
        'stdout: second',
        'stderr: an error line',
        'stdout: in pieces',
        'stdout: é',
        'stdout: written',
        'stdout: ',
        'stdout: unfinished',
      ])
    })

    it('cuts lines without end', async () => {
      await run('print-long')
      assert.equal(host.lines.length, 2)
      assert.ok((host.lines[0] ?? '').length < MAX_LINE_CHARS + 100)
      assert.match(host.lines[0] ?? '', new RegExp(`\\(${5_000_000 - MAX_LINE_CHARS} more characters\\)$`))
      assert.equal(host.lines[1], 'stdout: after')
    })

    it('loses no line of a flood, and holds the task back meanwhile', async () => {
      await run('flood')
      assert.equal(host.lines.length, 60_000)
      assert.ok(host.lines.every((line, index) => line.startsWith(`stdout: ${index} `)))
    })

    it('does not fall over a host that throws on output', async () => {
      host = new RecordingHost({
        output: () => {
          throw new Error('the log is full')
        },
      })
      assert.equal((await run('print')).outcome, 'done')
    })

    it('gives tasks an empty standard input, not the one of the peer', async () => {
      assert.equal(dataOf(await run('read-input'))['text'], '')
    })

    it('survives tasks that tamper with their thread, and keeps its own environment', async () => {
      assert.equal((await run('tamper')).outcome, 'done')
      assert.equal(process.env['LF_TAMPERED'], undefined)
      assert.equal((await run('nothing')).outcome, 'done')
    })

    it('fails a task whose bundle cannot be loaded', async () => {
      const missing = join(codeCacheFolder, 'no-such-bundle.mjs')
      const { outcome, error } = await pool.start(makeJob('nothing', { bundleFile: missing }), host.host).result
      assert.deepEqual([outcome, error?.code], ['failed', 'LF_WORKFLOW_LOAD'])
    })
  })

  describe('that has nothing to do', () => {
    it('has no thread before its first job, and ends all of them some time after its last', async () => {
      const clock = new ManualClock()
      const pool = new ThreadPool({ clock }, { codeCacheFolder, keepForMs: 1000 })
      const threads = new Set<Worker>()
      const note = (worker: Worker) => {
        threads.add(worker)
        worker.once('exit', () => threads.delete(worker))
      }
      process.on('worker', note)
      const { host } = new RecordingHost()
      const runs = async () =>
        dataOf(await pool.start(makeJob('count', { bundleFile: HARMFUL_FILE }), host).result)['runs']
      assert.equal(threads.size, 0)
      assert.equal(await runs(), 1)
      await clock.advance(600)
      assert.equal(await runs(), 2)
      await clock.advance(600)
      assert.equal(await runs(), 3, 'it was used in time')
      assert.equal(threads.size, 2, 'one that is warm and one that is blank')
      await clock.advance(1000)
      await eventually(() => threads.size === 0)
      assert.equal(await runs(), 1)
      await pool.close()
      process.off('worker', note)
      assert.equal(clock.pending, 0)
    })
  })

  describe('whose threads stand ready', () => {
    it('loads the library before it is asked for', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'lf-ready-'))
      const pool = makePool()
      try {
        const bundleFile = join(folder, 'watchful.mjs')
        await writeFile(bundleFile, WATCHFUL)
        const { result } = pool.start(makeJob('look', { bundleFile }), new RecordingHost().host)
        assert.equal(dataOf(await result)['loaded'], 0)
      } finally {
        await pool.close()
        await rm(folder, { recursive: true })
      }
    })
  })

  describe('that has work of another workflow', () => {
    it('ends the threads of one that has had none for some time', async () => {
      const clock = new ManualClock()
      const pool = new ThreadPool({ clock }, { codeCacheFolder, keepForMs: 1000 })
      const { host } = new RecordingHost()
      const runs = async () =>
        dataOf(await pool.start(makeJob('count', { bundleFile: HARMFUL_FILE }), host).result)['runs']
      assert.equal(await runs(), 1)
      for (let round = 1; round <= 3; round++) {
        await clock.advance(400)
        const { outcome } = await pool.start(makeJob('double', { data: { value: round } }), host).result
        assert.equal(outcome, 'done')
      }
      assert.equal(await runs(), 1, 'its thread has loaded it anew')
      await pool.close()
      assert.equal(clock.pending, 0)
    })
  })

  describe('that keeps few idle threads', () => {
    const host = new RecordingHost().host
    const runsOf = async (pool: ThreadPool, times: number): Promise<unknown[]> => {
      const running = Array.from({ length: times }, () =>
        pool.start(makeJob('count', { bundleFile: HARMFUL_FILE }), host),
      )
      return Promise.all(running.map(async ({ result }) => dataOf(await result)['runs']))
    }

    it('keeps one of each workflow before it keeps two of any', async () => {
      const pool = makePool({ maxIdle: 2 })
      assert.deepEqual(await runsOf(pool, 1), [1])
      const others = [1, 2].map(value => pool.start(makeJob('double', { data: { value } }), host).result)
      await Promise.all(others)
      assert.deepEqual(await runsOf(pool, 1), [2], 'in the thread that was idle for longest')
      await pool.close()
    })

    it('keeps as many as tasks may run at a time while fewer do', async () => {
      const pool = makePool({ maxIdle: 1, capacity: 3 })
      assert.deepEqual(await runsOf(pool, 3), [1, 1, 1])
      assert.deepEqual(await runsOf(pool, 1), [2], 'as a join between two fans')
      const again = (await runsOf(pool, 3)) as number[]
      assert.deepEqual(
        again.toSorted((one, other) => one - other),
        [2, 2, 3],
      )
      await pool.close()
    })
  })

  it('ends as many idle threads as are too many, though those that it ends take their time', async () => {
    const capacity = 4
    const pool = makePool({ maxIdle: 1, capacity })
    const host = new RecordingHost().host
    const start = () => pool.start(makeJob('count', { bundleFile: HARMFUL_FILE }), host).result
    const startAll = () => Promise.all(Array.from({ length: capacity }, start))
    await startAll()
    const other = pool.start(makeJob('double', { data: { value: 1 } }), host).result
    for (let time = 0; time < 2; time++) await start()
    await other
    const anew = (await startAll()).filter(result => dataOf(result)['runs'] === 1)
    assert.equal(anew.length, 1)
    await pool.close()
  })

  describe('that is closed', () => {
    it('leaves no thread, timer or port behind', async () => {
      // The runner sets its own timer after the first line of a test.
      await systemClock.sleep(1)
      const before = activeResources()
      const pool = makePool({ prewarmed: 2 })
      const host = new RecordingHost()
      await Promise.all([
        pool.start(makeJob('nothing'), host.host).result,
        pool.start(makeJob('nothing', { bundleFile: HARMFUL_FILE }), host.host).result,
      ])
      const hanging = pool.start(makeJob('ignores-abort'), host.host)
      await eventually(() => host.hasStarted)
      hanging.kill(killed, 600_000)
      await pool.close()
      assert.equal((await hanging.result).outcome, 'aborted')
      await eventually(() => assert.equal(activeResources(), before) === undefined)
    })
  })
})

/** Undefined until all are there. */
function readPids(file: string, count: number): number[] | undefined {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.length === count ? lines.map(Number) : undefined
}

/** A program that has ended may stay in the list of the system until its parent asks for it: Z. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function replace(pool: ThreadPool, next: ThreadPool): Promise<ThreadPool> {
  await pool.close()
  return next
}

function activeResources(): string {
  const kinds = process.getActiveResourcesInfo().filter(kind => kind !== 'Immediate')
  return kinds.sort().join()
}

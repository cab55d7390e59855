/**
 * The entry of a worker thread. It runs one job at a time, always for the same bundle. Anything that user code does to this thread,
 * leaving it, crashing it, blocking it, ends here: the peer's thread sees the thread end and says so.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import { loadBundle, preloadLibrary } from '../../bundle/load-bundle.ts'
import { fromErrorRecord } from '../../core/errors.ts'
import { ownHeapBytes, tidyAfter } from '../../core/tidy-heap.ts'
import type { Workflow } from '../../workflow/workflow.ts'
import { runJob } from '../run-job.ts'
import type { Job } from '../worker-pool.ts'
import { captureOutput } from './capture-output.ts'
import { ThreadHost } from './thread-host.ts'
import { ownSystemThread } from './thread-children.ts'
import {
  decideStand,
  DIALECT,
  drainCell,
  type FromThread,
  packBytes,
  type PostedJob,
  stopCell,
  type ThreadData,
  type ToThread,
} from './thread-messages.ts'

interface Waiting extends PostedJob {
  abort: AbortController
}

const { port, shared, dialect } = workerData as ThreadData
const cells = new Int32Array(shared)
const host = new ThreadHost(port)
/** As it is before any task comes. */
const nowMs = performance.now.bind(performance)
/** The first is the one that runs, while one does. */
const jobs: Waiting[] = []
let isWorking = false
let loaded: Workflow | null = null

captureOutput(port, cells)
port.on('message', (message: ToThread) => {
  if (message.kind === 'jobs') take(message.jobs)
  else if (message.kind === 'abort') abort(message)
  else host.settle(message)
})
post({ kind: 'ready', dialect: DIALECT, systemThread: ownSystemThread() })
// Before any job is taken: the peer says what is wrong.
if (dialect !== DIALECT) process.exit()
// A thread that stands ready need not do it when a task waits; what is wrong with it, the task will tell.
preloadLibrary().catch(() => {})

function take(posted: PostedJob[]): void {
  for (const job of posted) jobs.push({ ...job, abort: new AbortController() })
  if (!isWorking) void work()
}

function abort({ id, error }: Extract<ToThread, { kind: 'abort' }>): void {
  jobs.find(job => job.id === id)?.abort.abort(fromErrorRecord(error))
}

async function work(): Promise<void> {
  isWorking = true
  for (let [next] = jobs; next !== undefined; [next] = jobs) {
    // After a job that left something running none begins: this thread is about to be replaced.
    if (begins(next) && !(await run(next))) return
    jobs.shift()
  }
  isWorking = false
}

/** False when it was taken back, or may not begin any more. */
function begins(job: Waiting): boolean {
  if (job.beginBeforeNs !== null && process.hrtime.bigint() >= job.beginBeforeNs) comeBack()
  return decideStand(cells, job, 'begun')
}

/** Those behind it, too: it begins elsewhere in the place of the one before it, which cannot be that of the next one here as well. */
function comeBack(): void {
  const back = jobs.filter(job => decideStand(cells, job, 'back'))
  post({ kind: 'late', ids: back.map(({ id }) => id) })
}

/** Whether it left nothing running. */
async function run({ id, job, slot, abort }: Waiting): Promise<boolean> {
  const isStopped = () => Atomics.load(cells, stopCell(slot)) === 1
  const isDraining = () => Atomics.load(cells, drainCell(slot)) === 1
  const before = activeResources()
  let begunMs = 0
  const loading = async (): Promise<Workflow> => {
    const workflow = await load(job)
    begunMs = nowMs()
    return workflow
  }
  const ended = await runJob(job, loading, { host, abort: abort.signal, isStopped, isDraining })
  const result = begunMs === 0 ? ended : { ...ended, ranMs: nowMs() - begunMs }
  const isClean = activeResources() <= before
  // What the job left to be done at once, a rejection that nobody caught for instance, is its own: not of the next one, here or on its way.
  await nextTurn()
  if (result.bytes === null) post({ kind: 'result', id, result, isClean })
  else {
    const { bytes, moved } = packBytes(result.bytes)
    post({ kind: 'result', id, result: { ...result, bytes }, isClean }, moved)
  }
  return isClean
}

/** Of a workflow with many tasks, most of what loading it takes is garbage, which V8 would keep as long as the thread lives. */
async function load({ bundleFile, context }: Job): Promise<Workflow> {
  if (loaded !== null) return loaded
  const beforeBytes = ownHeapBytes()
  loaded = await loadBundle(bundleFile, { name: context.workflowName })
  await tidyAfter(beforeBytes)
  return loaded
}

function post(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** Timers, sockets, files and child processes that are still open: what a task leaves behind would disturb the next one. */
function activeResources(): number {
  return process.getActiveResourcesInfo().length
}

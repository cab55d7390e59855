/**
 * The entry of a worker thread. It runs one job at a time, always for the same bundle. Anything that user code does to this thread,
 * leaving it, crashing it, blocking it, ends here: the peer's thread sees the thread end and says so.
 */
import { workerData } from 'node:worker_threads'
import { loadBundle } from '../../bundle/load-bundle.ts'
import { fromErrorRecord } from '../../core/errors.ts'
import type { Workflow } from '../../workflow/workflow.ts'
import { runJob } from '../run-job.ts'
import type { Job } from '../worker-pool.ts'
import { captureOutput } from './capture-output.ts'
import { ThreadHost } from './thread-host.ts'
import { ownSystemThread } from './thread-children.ts'
import { DRAIN_CELL, STOP_CELL, ownBytes, type FromThread, type ThreadData, type ToThread } from './thread-messages.ts'

const { port, shared } = workerData as ThreadData
const cells = new Int32Array(shared)
const host = new ThreadHost(port)
const isStopped = () => Atomics.load(cells, STOP_CELL) === 1
const isDraining = () => Atomics.load(cells, DRAIN_CELL) === 1
let abort = new AbortController()
let loaded: Workflow | null = null

captureOutput(port, cells)
port.on('message', (message: ToThread) => {
  if (message.kind === 'run') void run(message.job)
  else if (message.kind === 'abort') abort.abort(fromErrorRecord(message.error))
  else host.settle(message)
})
post({ kind: 'ready', systemThread: ownSystemThread() })

async function run(job: Job): Promise<void> {
  abort = new AbortController()
  const before = activeResources()
  const result = await runJob(job, () => load(job), { host, abort: abort.signal, isStopped, isDraining })
  const isClean = activeResources() <= before
  if (result.bytes === null) return post({ kind: 'result', result, isClean })
  const bytes = ownBytes(result.bytes)
  post({ kind: 'result', result: { ...result, bytes }, isClean }, [bytes.buffer])
}

async function load({ bundleFile, context }: Job): Promise<Workflow> {
  loaded ??= await loadBundle(bundleFile, { name: context.workflowName })
  return loaded
}

function post(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** Timers, sockets, files and child processes that are still open: what a task leaves behind would disturb the next one. */
function activeResources(): number {
  return process.getActiveResourcesInfo().length
}

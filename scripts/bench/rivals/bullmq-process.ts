/**
 * BullMQ as a contestant: it submits from here, two worker processes work, and a Redis of the bench's own is the queue. BullMQ is no
 * dependency of this project: it is looked for in the folder that the second argument names.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** As much of BullMQ as is used here. */
interface BullMq {
  Queue: new (name: string, options: Options) => Queue
  FlowProducer: new (options: Options) => { add(flow: Flow): Promise<{ job: Job }>; close(): Promise<void> }
  QueueEvents: new (name: string, options: Options) => QueueEvents
  Worker: new (name: string, work: (job: Job) => Promise<unknown>, options: Options) => Closable
}

interface Options {
  connection: { host: string; port: number; maxRetriesPerRequest: null }
  concurrency?: number
}

interface Closable {
  close(): Promise<void>
}

interface Queue extends Closable {
  addBulk(jobs: readonly { name: string; data: object; opts: object }[]): Promise<Job[]>
  add(name: string, data: object, options: object): Promise<Job>
}

interface QueueEvents extends Closable {
  on(event: 'completed' | 'failed', listener: (told: { jobId: string }) => void): void
  off(event: 'completed' | 'failed', listener: (told: { jobId: string }) => void): void
  waitUntilReady(): Promise<unknown>
}

interface Job {
  id: string
  name: string
  data: { lanes?: number; sink?: string }
}

interface Flow {
  name: string
  queueName: string
  opts: object
  children?: Flow[]
}

const QUEUE = 'bench'
const WORKERS = 2
/** Jobs under way in one worker: more did not make it faster. */
const CONCURRENCY = 16
/** What has ended is not kept: Redis would only grow. */
const FORGET = { removeOnComplete: true }

const [port = '', folder = '', role = 'submitter'] = process.argv.slice(2)
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null }

if (role === 'worker') work(load())
else await submit()

function load(): BullMq {
  return createRequire(join(resolve(folder), 'package.json'))('bullmq') as BullMq
}

/** The source of a fan adds its lanes: a flow is a tree, in which nothing can have two parents. */
function work({ Worker, FlowProducer }: BullMq): void {
  const flows = new FlowProducer({ connection })
  const run = async ({ data: { lanes, sink } }: Job): Promise<void> => {
    if (lanes !== undefined && sink !== undefined) await flows.add(fanOf(lanes, sink))
  }
  const worker = new Worker(QUEUE, run, { connection, concurrency: CONCURRENCY })
  process.on('message', () => void Promise.all([worker.close(), flows.close()]).then(() => process.disconnect()))
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}

async function submit(): Promise<void> {
  let bullMq: BullMq
  try {
    bullMq = load()
    createRequire(join(resolve(folder), 'package.json')).resolve('ioredis')
  } catch {
    say({
      missing: `npm install --prefix ${folder || 'FOLDER'} bullmq ioredis, then --rivals-dir ${folder || 'FOLDER'}`,
    })
    return
  }
  const workers = await Promise.all(Array.from({ length: WORKERS }, startWorker))
  const { Queue, FlowProducer, QueueEvents } = bullMq
  const parts = {
    queue: new Queue(QUEUE, { connection }),
    flows: new FlowProducer({ connection }),
    events: new QueueEvents(QUEUE, { connection }),
  }
  await parts.events.waitUntilReady()
  say({ ready: true })
  for await (const line of createInterface({ input: process.stdin })) {
    const [scenario = '', tasks = ''] = line.split(' ')
    try {
      const startedMs = performance.now()
      await play(scenario, Number(tasks), parts)
      say({ ms: performance.now() - startedMs })
    } catch (error) {
      say({ error: String(error) })
    }
  }
  await Promise.all(workers.map(endWorker))
  await Promise.all([parts.queue.close(), parts.flows.close(), parts.events.close()])
}

async function startWorker(): Promise<ChildProcess> {
  const child = fork(new URL(import.meta.url), [port, folder, 'worker'])
  await new Promise<void>((ready, fail) => {
    child.once('message', () => ready())
    child.once('exit', () => fail(new Error('a worker of BullMQ has ended')))
  })
  return child
}

async function endWorker(child: ChildProcess): Promise<void> {
  const ended = new Promise(done => child.once('exit', done))
  child.send('end')
  await ended
}

interface Parts {
  queue: Queue
  flows: InstanceType<BullMq['FlowProducer']>
  events: QueueEvents
}

async function play(scenario: string, tasks: number, { queue, flows, events }: Parts): Promise<void> {
  if (scenario === 'bulk') {
    const jobs = Array.from({ length: tasks }, (_, index) => ({ name: `task-${index}`, data: {}, opts: FORGET }))
    await allEnd(events, tasks, async () => void (await queue.addBulk(jobs)))
  } else if (scenario === 'fan') {
    const sink = `sink-${performance.now()}`
    const opts = { ...FORGET }
    await ends(events, sink, () => queue.add('source', { lanes: tasks - 2, sink }, opts))
  } else {
    const last = `last-${performance.now()}`
    await ends(events, last, () => flows.add(chainOf(tasks, last)))
  }
}

/** The first to run is the innermost: parents wait for their children. */
function chainOf(tasks: number, last: string): Flow {
  let flow: Flow = { name: 'hop', queueName: QUEUE, opts: FORGET }
  for (let count = 1; count < tasks; count++) {
    const opts = count === tasks - 1 ? { ...FORGET, jobId: last } : FORGET
    flow = { name: 'hop', queueName: QUEUE, opts, children: [flow] }
  }
  return flow
}

function fanOf(lanes: number, sink: string): Flow {
  const children = Array.from({ length: lanes }, () => ({ name: 'lane', queueName: QUEUE, opts: FORGET }))
  return { name: 'sink', queueName: QUEUE, opts: { ...FORGET, jobId: sink }, children }
}

function ends(events: QueueEvents, job: string, start: () => Promise<unknown>): Promise<void> {
  return heard(events, start, jobId => jobId === job)
}

function allEnd(events: QueueEvents, count: number, start: () => Promise<unknown>): Promise<void> {
  let left = count
  return heard(events, start, () => (left -= 1) === 0)
}

async function heard(
  events: QueueEvents,
  start: () => Promise<unknown>,
  isLast: (job: string) => boolean,
): Promise<void> {
  const { promise, resolve: done, reject } = Promise.withResolvers<void>()
  const onCompleted = ({ jobId }: { jobId: string }): void => {
    if (isLast(jobId)) done()
  }
  const onFailed = ({ jobId }: { jobId: string }): void => reject(new Error(`job ${jobId} failed`))
  events.on('completed', onCompleted)
  events.on('failed', onFailed)
  try {
    await Promise.all([start(), promise])
  } finally {
    events.off('completed', onCompleted)
    events.off('failed', onFailed)
  }
}

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

import assert from 'node:assert/strict'
import { GridFSBucket, MongoClient } from 'mongodb'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { getBlob, putBlob } from '../../../src/ledger/mongo/blobs.ts'
import { DraftSweep } from '../../../src/ledger/mongo/drafts.ts'
import { DRAFT_KEPT_MS, DRAFT_LOOK_MS } from '../../../src/ledger/mongo/mongo-limits.ts'
import { openMongoLedger } from '../../../src/ledger/mongo/mongo-ledger.ts'
import { submit } from '../../../src/ledger/mongo/submit.ts'
import { Bench, DONE, dagPlan, HandClock, id, newRun } from '../contract/bench.ts'
import { hookedContext, type HookedContext } from './hooked-context.ts'
import { MONGODB_URI, temporaryDatabase } from './temporary-database.ts'
import { MONGODB_CONTROL, TestBed } from './test-bed.ts'

const server = MONGODB_URI
if (server !== undefined) {
  describe('several peers at one MongoDB database', function () {
    this.timeout(60_000)
    suite(server)
  })
}

const PEERS = 10

function suite(server: string): void {
  const database = temporaryDatabase(server)
  let ledgers: Ledger[]
  let first: Ledger
  let bench: Bench
  let hooked: HookedContext

  before(async () => {
    const open = () =>
      openMongoLedger({ uri: database.uri, clock: systemClock, random: systemRandom, log: silentLog, create: true })
    ledgers = await Promise.all(Array.from({ length: PEERS }, open))
    first = ledgers[0]!
    bench = new Bench(first, { clock: new HandClock(), random: systemRandom })
    hooked = await hookedContext(database.uri)
  })

  after(async () => {
    await hooked?.close()
    await Promise.all((ledgers ?? []).map(ledger => ledger.close()))
    await database.drop()
  })

  it('find the same ledger when they are the first ones, all at once', async () => {
    assert.equal(new Set(ledgers.map(({ incarnation }) => incarnation)).size, 1)
    await Promise.all(ledgers.map((ledger, index) => new Bench(ledger, bench).session(`s${index}`)))
    assert.equal((await first.sessions()).length, PEERS)
  })

  it('bring the same bundle at once, and any tool for GridFS can read it', async () => {
    const bytes = new Uint8Array(2_500_000).map((_, index) => index % 251)
    await Promise.all(ledgers.map(ledger => ledger.putBundle('hash', bytes)))
    assert.deepEqual(await ledgers[1]?.getBundle('hash'), bytes)
    assert.equal(await first.getBundle('another'), undefined)
    const client = new MongoClient(database.uri)
    try {
      const bucket = new GridFSBucket(client.db(), { bucketName: 'blobs' })
      const parts: Uint8Array[] = []
      for await (const part of bucket.openDownloadStreamByName('bundle/hash')) parts.push(part as Uint8Array)
      assert.deepEqual(new Uint8Array(Buffer.concat(parts)), bytes)
      assert.equal((await bucket.find().toArray()).length, 1)
    } finally {
      await client.close()
    }
  })

  it('complete the bundle of one that died in the middle of bringing it', async () => {
    const bytes = new Uint8Array(2_500_000).fill(7)
    hooked.once('files', 'insertOne', () => {
      throw new Error('the process dies here')
    })
    await assert.rejects(putBlob(hooked.context, 'bundle/half', bytes))
    assert.equal(await first.getBundle('half'), undefined)
    await first.putBundle('half', bytes)
    assert.deepEqual(await getBlob(hooked.context, 'bundle/half'), bytes)
  })

  it('finish what can be finished beside something that cannot', async () => {
    const { tasks } = hooked.raw
    await bench.session('worker', { capacity: 1000 })
    const runs = Array.from({ length: 40 }, (_, index) => `undone-${index}`)
    for (const run of runs) {
      await bench.submit(run, [dagPlan('main', ['a', 'b'], ['a>b'])])
      const { claim } = await bench.claim('worker', id(run, 'a'))
      // As it is when a peer dies right after it has recorded the end of a task; the first 20 of them are spoilt.
      const spoilt = Number(run.split('-')[1]) < 20 ? { limit: 5 as unknown as string[] } : {}
      const done = { state: 'done', holds: false, owner: null, todo: 'advance', ...spoilt } as const
      await tasks.updateOne({ _id: claim.task }, { $set: done, $inc: { rev: 1 } })
    }
    assert.equal(await first.settle(100), 0)
    await assert.rejects(first.settle(100), TypeError)
    const ready = await tasks.countDocuments({ run: { $in: runs }, name: 'b', state: 'ready' })
    assert.equal(ready, 20)
    await tasks.updateMany({ limit: 5 as unknown as string[] }, { $set: { limit: null } })
    await first.settle(100)
    assert.equal(await tasks.countDocuments({ run: { $in: runs }, name: 'b', state: 'ready' }), 40)
  })

  it('remove what is left of a submission that broke off, after a long time of their own', async () => {
    const { runs, tasks } = hooked.raw
    for (const run of ['broken', 'published']) {
      if (run === 'broken') {
        hooked.once('runs', 'updateOne', () => {
          throw new Error('the process dies here')
        })
      }
      await submit(hooked.context, newRun(run, [dagPlan('main', ['a'])], { args: { x: 1 } })).catch(() => {})
    }
    assert.equal(await tasks.countDocuments({ run: 'broken' }), 1)
    let now = 0
    const watching = await hookedContext(database.uri, { ...systemClock, monotonicMs: () => now })
    try {
      const sweep = new DraftSweep(watching.context)
      await sweep.look()
      for (now = DRAFT_LOOK_MS; now < DRAFT_KEPT_MS; now += DRAFT_LOOK_MS * 20) await sweep.look()
      assert.equal((await runs.findOne({ _id: 'broken' }))?.todo, 'submit')
      now = DRAFT_KEPT_MS + DRAFT_LOOK_MS
      await sweep.look()
    } finally {
      await watching.close()
    }
    await first.settle(100)
    await first.settle(100)
    assert.equal(await tasks.countDocuments({ run: 'broken' }), 0)
    assert.equal(await tasks.countDocuments({ run: 'published' }), 1)
    assert.deepEqual(
      [
        (await runs.findOne({ _id: 'broken' }))?.draft,
        await bench.runState('broken'),
        await bench.runState('published'),
      ],
      [true, undefined, 'running'],
    )
  })

  it('tell the end of a run although the answer to that write was lost', async () => {
    await bench.session('ender', { capacity: 10 })
    await bench.submit('short', [dagPlan('main', ['a'])])
    const { claim } = await bench.claim('ender', id('short', 'a'))
    const { complete } = await import('../../../src/ledger/mongo/complete.ts')
    hooked.once('runs', 'updateOne', async send => {
      await send()
      throw new (await import('mongodb')).MongoNetworkError('connection closed')
    })
    assert.equal((await complete(hooked.context, claim, DONE)).runEnded, 'succeeded')
  })

  if (MONGODB_CONTROL === undefined) return
  const bed = new TestBed(MONGODB_CONTROL)
  afterEach(() => bed.reset())

  it('beat although all other connections are busy', async () => {
    await bench.session('beating')
    await bed.fail({ command: 'find', mode: 'delay', ms: 3000, times: 'always', appName: 'lightflow' })
    let answered = 0
    const busy = Array.from({ length: 50 }, () => first.peekReady(['task'], 1).finally(() => (answered += 1)))
    const report = { busy: 0, connected: [], addrs: [], draining: false }
    assert.equal(await first.beat('beating', 1, report), 'ok')
    assert.equal(await first.beat('nobody', 1, report), 'buried')
    assert.equal(answered, 0)
    await bed.reset()
    await Promise.allSettled(busy)
  })
}

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { open, truncate } from 'node:fs/promises'
import { BulkThreads } from '../../../src/payload/bulk/bulk-threads.ts'
import { MAX_PULLS_AT_ONCE } from '../../../src/payload/payload-limits.ts'
import type { Puller } from '../../../src/payload/transfer/puller.ts'
import { eventually } from '../../support/eventually.ts'
import { FullDisk } from '../support/full-disk.ts'
import { filesIn, type PayloadPeer, PayloadPeers } from '../support/payload-peers.ts'

const MiB = 1024 * 1024
const NEVER = new AbortController().signal

for (const direct of [true, false]) {
  describe(`pulling payloads ${direct ? 'over direct connections' : 'over streams of the mesh'}`, () => {
    let peers: PayloadPeers
    let producer: PayloadPeer
    let consumer: PayloadPeer
    beforeEach(async () => {
      peers = new PayloadPeers()
      producer = await peers.add('producer', { direct })
      consumer = await peers.add('consumer', { direct })
    })
    afterEach(() => peers.close())

    it('brings what another peer holds, and makes the reader a holder', async () => {
      const bytes = randomBytes(9 * MiB + 17)
      const ref = await producer.store.put(bytes)
      assert.ok(bytes.equals(await consumer.store.get(ref)))
      assert.equal(consumer.puller.metrics.direct, direct ? 1 : 0)
      await peers.kill(producer)
      const third = await peers.add('third', { direct })
      assert.ok(bytes.equals(await third.store.get(ref)))
      assert.deepEqual(await filesIn(third.folder), [`${ref.hash.slice(0, 2)}/${ref.hash}`])
    })

    it('brings payloads of every size', async () => {
      for (const sizeBytes of [32 * 1024 + 1, 256 * 1024, 512 * 1024 + 1, 4 * MiB, 4 * MiB + 1]) {
        const bytes = randomBytes(sizeBytes)
        assert.ok(bytes.equals(await consumer.store.get(await producer.store.put(bytes))))
      }
    })

    it('fetches the same payload once, however many ask for it', async () => {
      const ref = await producer.store.put(randomBytes(5 * MiB))
      await Promise.all(Array.from({ length: 20 }, () => consumer.store.get(ref)))
      assert.equal(consumer.puller.metrics.pulls, 1)
    })

    it('brings twenty payloads asked for at once', async () => {
      const all = Array.from({ length: 20 }, () => randomBytes(5 * MiB))
      const refs = await Promise.all(all.map(bytes => producer.store.put(bytes)))
      const got = await Promise.all(refs.map(ref => consumer.store.get(ref)))
      got.forEach((bytes, index) => assert.ok(all[index]?.equals(bytes)))
      assert.equal(consumer.puller.metrics.pulls, 20)
    })

    it('goes on with another holder where the first one was killed', async () => {
      const bytes = randomBytes(48 * MiB)
      const second = await peers.add('second', { direct })
      const ref = await producer.store.put(bytes)
      await second.store.put(bytes)
      const pulled = consumer.store.get({ ...ref, holders: ['producer', 'second'] })
      const part = await eventually(async () => (await filesIn(consumer.folder))[0])
      await eventually(async () => (await sizeOf(`${consumer.folder}/${part}`)) > 2 * MiB, 10_000, 0)
      await peers.kill(producer)
      assert.ok(bytes.equals(await pulled))
      assert.equal(peers.opened.at(-1)?.to, 'second')
      assert.equal(consumer.puller.metrics.wastedBytes, 0)
      assert.deepEqual(await filesIn(consumer.folder), [`${ref.hash.slice(0, 2)}/${ref.hash}`])
    })

    it('says who was asked when the only holder is killed in the middle, and leaves nothing behind', async () => {
      const ref = await producer.store.put(randomBytes(48 * MiB))
      const pulled = assert.rejects(consumer.store.get(ref), { code: 'LF_PAYLOAD_LOST', message: /producer: / })
      await eventually(async () => (await filesIn(consumer.folder)).length > 0, 10_000, 0)
      await peers.kill(producer)
      await pulled
      assert.deepEqual(await filesIn(consumer.folder), [])
    })

    it('takes the bytes of another holder when the first one sends a wrong one, which then sets its file aside', async () => {
      const bytes = randomBytes(6 * MiB)
      const second = await peers.add('second', { direct })
      const ref = await producer.store.put(bytes)
      await second.store.put(bytes)
      await flipOneByte(producer.local.files.pathOf(ref.hash), 3 * MiB)
      assert.ok(bytes.equals(await consumer.store.get({ ...ref, holders: ['producer', 'second'] })))
      assert.equal(consumer.puller.metrics.corrupt, 1)
      await eventually(async () => (await filesIn(producer.folder)).includes(`corrupt/${ref.hash}`))
      assert.deepEqual(await filesIn(consumer.folder), [`${ref.hash.slice(0, 2)}/${ref.hash}`])
    })

    it('does not take a file that was cut short', async () => {
      const bytes = randomBytes(6 * MiB)
      const ref = await producer.store.put(bytes)
      await truncate(producer.local.files.pathOf(ref.hash), 5 * MiB)
      await assert.rejects(consumer.store.get(ref), {
        code: 'LF_PAYLOAD_LOST',
        message: /producer: its file is damaged/,
      })
      await eventually(async () => (await filesIn(producer.folder)).includes(`corrupt/${ref.hash}`))
    })

    it('pulls again what the own disk has spoilt', async () => {
      const bytes = randomBytes(6 * MiB)
      const ref = await producer.store.put(bytes)
      await consumer.store.get(ref)
      await flipOneByte(consumer.local.files.pathOf(ref.hash), 100)
      assert.ok(bytes.equals(await consumer.store.get(ref)))
      await truncate(consumer.local.files.pathOf(ref.hash), 100)
      assert.ok(bytes.equals(await consumer.store.get(ref)))
      assert.equal(consumer.puller.metrics.pulls, 3)
    })

    it('ends at once when nobody wants it any more, and leaves nothing behind', async () => {
      const ref = await producer.store.put(randomBytes(48 * MiB))
      const [one, other] = [new AbortController(), new AbortController()]
      const [first, second] = [one, other].map(({ signal }) =>
        assert.rejects(consumer.store.get(ref, signal), /enough/),
      )
      await eventually(async () => (await filesIn(consumer.folder)).length > 0, 10_000, 0)
      one.abort(new Error('enough'))
      await first
      assert.equal((await filesIn(consumer.folder)).length, 1, 'the other one still waits for it')
      other.abort(new Error('enough'))
      await second
      await eventually(async () => (await filesIn(consumer.folder)).length === 0)
      await eventually(() => producer.server.serving === 0)
    })

    it('says that the disk is full, and asks nobody else', async () => {
      const full = await peers.add('full', { direct, threads: new FullDisk({ host: '127.0.0.1' }) })
      const ref = await producer.store.put(randomBytes(6 * MiB))
      await assert.rejects(full.store.get(ref), { code: 'LF_PAYLOAD_NOT_KEPT', hint: /disk is full/ })
      assert.deepEqual(await filesIn(full.folder), [])
      assert.equal(peers.opened.length, 1)
    })

    it('names all who were asked when nobody has it', async () => {
      const ref = { hash: 'ab'.repeat(32), sizeBytes: 40_000, inline: null, holders: ['producer', 'gone'] }
      await assert.rejects(consumer.store.get(ref), {
        code: 'LF_PAYLOAD_LOST',
        message: /abababababab.*producer: it does not have it; gone: cannot be reached/,
        hint: /run again/,
      })
      const nobody: Puller['pull'] = (one, signal) => consumer.puller.pull(one, signal)
      await assert.rejects(nobody({ ...ref, hash: '../../etc/passwd' }, NEVER), { code: 'LF_PAYLOAD_MISSING' })
    })
  })
}

describe('pulling payloads past a firewall', () => {
  it('uses the stream of the mesh when the direct port cannot be reached', async () => {
    const peers = new PayloadPeers()
    try {
      const producer = await peers.add('producer', { threads: new ClosedDoors({ host: '127.0.0.1' }) })
      const consumer = await peers.add('consumer')
      const bytes = randomBytes(6 * MiB)
      assert.ok(bytes.equals(await consumer.store.get(await producer.store.put(bytes))))
      assert.equal(consumer.puller.metrics.direct, 0)
    } finally {
      await peers.close()
    }
  })
})

/** Its port takes nobody in. */
class ClosedDoors extends BulkThreads {
  override async offer(): ReturnType<BulkThreads['offer']> {
    return { port: 1, id: 'ab'.repeat(16), key: 'cd'.repeat(32) }
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path, 'r')
  try {
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}

describe('pulling payloads from holders that cannot be reached', () => {
  const STREAMS = { direct: false }
  let peers: PayloadPeers
  let producer: PayloadPeer
  let consumer: PayloadPeer
  beforeEach(async () => {
    peers = new PayloadPeers()
    producer = await peers.add('producer', STREAMS)
    consumer = await peers.add('consumer', STREAMS)
  })
  afterEach(() => peers.close())

  it('goes by way of a peer that reaches one of them', async () => {
    const bytes = randomBytes(MiB)
    const between = await peers.add('between', STREAMS)
    peers.cuts.add('producer consumer')
    const ref = await producer.store.put(bytes)
    assert.ok(bytes.equals(await consumer.store.get(ref)))
    assert.ok(bytes.equals(await between.local.get(ref)))
    assert.deepEqual(
      peers.opened.map(({ from, to }) => `${from} ${to}`),
      ['consumer between', 'between producer', 'consumer between'],
    )
  })

  it('does not wait for ever where two peers have each other asked for as much as they fetch at a time', async () => {
    const other = await peers.add('other', STREAMS)
    peers.cuts.add('producer consumer').add('other between').add('producer other')
    const between = await peers.add('between', STREAMS)
    const many = (peer: PayloadPeer) =>
      Promise.all(Array.from({ length: MAX_PULLS_AT_ONCE + 1 }, () => peer.store.put(randomBytes(40_000))))
    const [far, near] = [await many(producer), await many(other)]
    await Promise.all([...far.map(ref => consumer.store.get(ref)), ...near.map(ref => between.store.get(ref))])
    assert.equal(consumer.puller.metrics.lost + between.puller.metrics.lost, 0)
  })

  it('is not given up because another peer had fewer holders asked for it', async () => {
    const bytes = randomBytes(40_000)
    const ref = await producer.store.put(bytes)
    await peers.add('without', STREAMS)
    const forOthers = consumer.puller.pull({ ...ref, holders: ['without'] }, NEVER, { alone: true })
    const [others, own] = await Promise.allSettled([forOthers, consumer.store.get(ref)])
    assert.equal(others.status, 'rejected')
    assert.ok(own.status === 'fulfilled' && bytes.equals(own.value))
  })
})

async function flipOneByte(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, at)
    await file.write(Buffer.from([(byte[0] as number) ^ 1]), 0, 1, at)
  } finally {
    await file.close()
  }
}

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cp } from 'node:fs/promises'
import { FullDisk } from '../support/full-disk.ts'
import { BulkThreads } from '../../../src/payload/bulk/bulk-threads.ts'
import { MAX_COPY_PLACES_ASKED } from '../../../src/payload/payload-limits.ts'
import { filesIn, type PayloadPeer, PayloadPeers } from '../support/payload-peers.ts'

const MiB = 1024 * 1024
const NEVER = new AbortController().signal

describe('copies on other peers', () => {
  let peers: PayloadPeers
  let maker: PayloadPeer
  beforeEach(async () => {
    peers = new PayloadPeers()
    maker = await peers.add('maker')
  })
  afterEach(() => peers.close())

  const made = () => maker.store.put(randomBytes(6 * MiB))

  it('are there when the reference names who holds them', async () => {
    const bytes = randomBytes(6 * MiB)
    const keepers = [await peers.add('one'), await peers.add('two'), await peers.add('three')]
    const ref = await maker.store.spread(
      await maker.store.put(bytes),
      { copies: 3, at: ['one', 'two', 'three'] },
      NEVER,
    )
    assert.deepEqual(ref.holders, ['maker', 'one', 'two'])
    await peers.kill(maker)
    for (const keeper of keepers.slice(0, 2)) assert.ok(bytes.equals(await keeper.local.get(ref)))
    assert.deepEqual(await keepers[2]?.local.files.sizeOf(ref.hash), undefined)
  })

  it('are kept by the next ones when some are gone, share the folder, or have no room', async () => {
    await peers.add('full', { threads: new FullDisk({ host: '127.0.0.1' }) })
    const neighbour = await peers.add('neighbour')
    await maker.local.files.id()
    await cp(maker.folder, neighbour.folder, { recursive: true })
    await peers.add('last')
    const at = ['gone', 'full', 'neighbour', 'maker', 'last']
    const ref = await maker.store.spread(await made(), { copies: 2, at }, NEVER)
    assert.deepEqual(ref.holders, ['maker', 'last'])
    // For one that leaves, who has the same folder is as good.
    const left = await maker.store.spread(ref, { copies: 3, at: ['neighbour'], alsoShared: true }, NEVER)
    assert.deepEqual(left.holders, ['maker', 'last', 'neighbour'])
    await maker.local.files.setAside(ref.hash)
    const lost = await maker.store.spread(ref, { copies: 3, at: ['neighbour'], alsoShared: true }, NEVER)
    assert.deepEqual(lost.holders, ['maker', 'last'])
    assert.deepEqual(
      (await filesIn(neighbour.folder)).filter(name => name.endsWith(ref.hash)),
      [],
    )
  })

  it('are fewer when there are not enough peers', async () => {
    await peers.add('one')
    const { holders } = await maker.store.spread(await made(), { copies: 5, at: ['one', 'gone'] }, NEVER)
    assert.deepEqual(holders, ['maker', 'one'])
  })

  it('are asked for at a limited number of peers', async () => {
    const at = Array.from({ length: MAX_COPY_PLACES_ASKED }, (_, index) => `gone ${index}`)
    await peers.add('one')
    const { holders } = await maker.store.spread(await made(), { copies: 2, at: [...at, 'one'] }, NEVER)
    assert.deepEqual(holders, ['maker'])
  })

  it('are not waited for once nobody wants to wait', async () => {
    const threads = new Stalled({ host: '127.0.0.1' })
    await peers.add('slow', { threads })
    const ending = new AbortController()
    const spread = maker.store.spread(await made(), { copies: 2, at: ['slow'] }, ending.signal)
    await threads.begun.promise
    ending.abort()
    assert.deepEqual((await spread).holders, ['maker'])
  })

  it('are not made of what travels in the ledger', async () => {
    await peers.add('one')
    const ref = await maker.store.put(randomBytes(100))
    assert.deepEqual(await maker.store.spread(ref, { copies: 2, at: ['one'] }, NEVER), ref)
    assert.equal(peers.opened.length, 0)
  })
})

/** Fetches nothing until nobody wants it any more. */
class Stalled extends BulkThreads {
  readonly begun = Promise.withResolvers<void>()

  override fetch(_request: unknown, signal: AbortSignal): ReturnType<BulkThreads['fetch']> {
    this.begun.resolve()
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  }
}

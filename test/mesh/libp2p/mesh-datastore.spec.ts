import assert from 'node:assert/strict'
import { peerIdFromString } from '@libp2p/peer-id'
import { MeshDatastore } from '../../../src/mesh/libp2p/mesh-datastore.ts'
import { makeIdentity } from '../support/libp2p-peers.ts'

type Key = Parameters<MeshDatastore['put']>[0]

const value = Uint8Array.of(1)

describe('what libp2p remembers', () => {
  it('is read, listed, changed in a batch and deleted', async () => {
    const store = new MeshDatastore()
    store.put(key('/peers/b'), value)
    store.put(key('/peers/a'), value)
    store.put(key('/dht/provider/hash/anna'), value)
    assert.equal(store.get(key('/dht/provider/hash/anna')), value)
    assert.deepEqual(list(store, '/peers/'), ['/peers/b', '/peers/a'])
    assert.deepEqual(list(store, '/dht/provider/hash'), ['/dht/provider/hash/anna'])
    assert.deepEqual(list(store, '/dht/provider'), ['/dht/provider/hash/anna'])
    const batch = store.batch()
    batch.put(key('/peers/c'), value)
    batch.delete(key('/peers/a'))
    await batch.commit()
    store.delete(key('/dht/provider/hash/anna'))
    assert.deepEqual(list(store, ''), ['/peers/b', '/peers/c'])
    assert.equal(store.has(key('/peers/a')), false)
    assert.throws(() => store.get(key('/peers/a')), { name: 'NotFoundError' })
  })

  it('is listed in the asked order, filtered, and in parts', () => {
    const store = new MeshDatastore()
    for (const name of ['c', 'a', 'd', 'b']) store.put(key(`/peers/${name}`), value)
    const query = { prefix: '/peers/', filters: [not('/peers/d')], orders: [byKey], offset: 1, limit: 1 }
    assert.deepEqual(
      Array.from(store.query(query), pair => pair.key.toString()),
      ['/peers/b'],
    )
  })

  it('forgets strangers before members when there are too many', async () => {
    const { peer } = await makeIdentity()
    const store = new MeshDatastore(2)
    store.setMembers([peer, 'no peer id'])
    const member = `/peers/${peerIdFromString(peer).toCID().toString()}`
    for (const name of [member, '/peers/x', '/peers/y', '/peers/z']) store.put(key(name), value)
    assert.deepEqual(list(store, '/peers/'), [member, '/peers/z'])
  })

  it('holds no values that others put into the DHT', () => {
    assert.throws(() => new MeshDatastore().put(key('/dht/record/anything'), value))
  })
})

function key(name: string): Key {
  return { toString: () => name } as Key
}

function list(store: MeshDatastore, prefix: string): string[] {
  return Array.from(store.query({ prefix }), pair => pair.key.toString())
}

const not = (name: string) => (pair: { key: Key }) => pair.key.toString() !== name
const byKey = (one: { key: Key }, other: { key: Key }) => (one.key.toString() < other.key.toString() ? -1 : 1)

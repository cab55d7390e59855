/**
 * What libp2p remembers, in memory and bounded: the peers it met and who holds which payload. The default one grows with every peer
 * that was ever seen on the network, and looks through all that it has for every question. Values that members put into the DHT are
 * not kept: this mesh stores none there.
 */
import { peerIdFromString } from '@libp2p/peer-id'
import type { Libp2pOptions } from 'libp2p'
import { MAX_PEERS_REMEMBERED } from '../mesh-limits.ts'
import { ProviderRecords } from '../provider-records.ts'

type Datastore = NonNullable<Libp2pOptions['datastore']>
type Key = Parameters<Datastore['put']>[0]
type Query = Parameters<Datastore['query']>[0]
type KeyQuery = Parameters<Datastore['queryKeys']>[0]
type Many<Item> = Iterable<Item> | AsyncIterable<Item>

interface Pair {
  key: Key
  value: Uint8Array
}

const PEERS = '/peers/'
const PROVIDERS = '/dht/provider/'

export class MeshDatastore implements Datastore {
  readonly #maxPeers: number
  /** By key, written longest ago first. */
  readonly #peers = new Map<string, Pair>()
  readonly #providers = new ProviderRecords<Pair>()
  #members: readonly string[] = []
  #memberKeys: ReadonlySet<string> = new Set()

  constructor(maxPeers = MAX_PEERS_REMEMBERED) {
    this.#maxPeers = maxPeers
  }

  /** Members (peer ids) are never forgotten to make room for others. */
  setMembers(peers: readonly string[]): void {
    // Told at each sweep, and seldom anything new: making the keys is what an idle peer would do most.
    if (peers.length === this.#members.length && peers.every((peer, index) => peer === this.#members[index])) return
    this.#members = [...peers]
    this.#memberKeys = new Set(peers.flatMap(peerKey))
  }

  put(key: Key, value: Uint8Array): Key {
    const name = key.toString()
    const provider = providerOf(name)
    if (provider !== undefined) this.#providers.set(provider.hash, provider.peer, { key, value })
    else if (name.startsWith(PEERS)) this.#putPeer(name, { key, value })
    else throw new Error('this peer keeps no such records')
    return key
  }

  get(key: Key): Uint8Array {
    const pair = this.#find(key)
    // libp2p tells by this name that a record is missing.
    if (pair === undefined) throw Object.assign(new Error('Not Found'), { name: 'NotFoundError' })
    return pair.value
  }

  has(key: Key): boolean {
    return this.#find(key) !== undefined
  }

  delete(key: Key): void {
    const name = key.toString()
    const provider = providerOf(name)
    if (provider === undefined) this.#peers.delete(name)
    else this.#providers.delete(provider.hash, provider.peer)
  }

  async *putMany(pairs: Many<Pair>): AsyncGenerator<Key> {
    for await (const { key, value } of pairs) yield this.put(key, value)
  }

  async *getMany(keys: Many<Key>): AsyncGenerator<Pair> {
    for await (const key of keys) yield { key, value: this.get(key) }
  }

  async *deleteMany(keys: Many<Key>): AsyncGenerator<Key> {
    for await (const key of keys) {
      this.delete(key)
      yield key
    }
  }

  batch(): ReturnType<Datastore['batch']> {
    const steps: (() => void)[] = []
    return {
      put: (key, value) => void steps.push(() => this.put(key, value)),
      delete: key => void steps.push(() => this.delete(key)),
      commit: () => steps.splice(0).forEach(step => step()),
    }
  }

  *query({ prefix = '', filters = [], orders = [], offset = 0, limit }: Query): Generator<Pair> {
    const found = this.#under(prefix).filter(pair => filters.every(matches => matches(pair)))
    for (const order of orders) found.sort(order)
    yield* found.slice(offset, limit === undefined ? undefined : offset + limit)
  }

  *queryKeys({ prefix = '', filters = [], orders = [], offset = 0, limit }: KeyQuery): Generator<Key> {
    const found = this.#under(prefix)
      .map(({ key }) => key)
      .filter(key => filters.every(matches => matches(key)))
    for (const order of orders) found.sort(order)
    yield* found.slice(offset, limit === undefined ? undefined : offset + limit)
  }

  #putPeer(name: string, pair: Pair): void {
    this.#peers.delete(name)
    this.#peers.set(name, pair)
    if (this.#peers.size <= this.#maxPeers) return
    for (const oldest of this.#peers.keys()) {
      if (this.#memberKeys.has(oldest)) continue
      this.#peers.delete(oldest)
      return
    }
  }

  #find(key: Key): Pair | undefined {
    const name = key.toString()
    const provider = providerOf(name)
    return provider === undefined ? this.#peers.get(name) : this.#providers.get(provider.hash, provider.peer)
  }

  /** The holders of one payload are found without a look at all others. */
  #under(prefix: string): Pair[] {
    const hash = /^\/dht\/provider\/([^/]+)\/?$/.exec(prefix)?.[1]
    if (hash !== undefined) return this.#providers.holders(hash).map(([, pair]) => pair)
    const providers = Array.from(this.#providers.all(), ({ value }) => value)
    return [...this.#peers.values(), ...providers].filter(({ key }) => key.toString().startsWith(prefix))
  }
}

function providerOf(name: string): { hash: string; peer: string } | undefined {
  if (!name.startsWith(PROVIDERS)) return undefined
  const [hash = '', peer = ''] = name.slice(PROVIDERS.length).split('/')
  return { hash, peer }
}

/** Nothing for a text that is no peer id: libp2p never meets it. */
function peerKey(peer: string): string[] {
  try {
    return [PEERS + peerIdFromString(peer).toCID().toString()]
  } catch {
    return []
  }
}

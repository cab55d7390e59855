import assert from 'node:assert/strict'
import { silentLog } from '../../../src/core/log.ts'
import { ProviderRouting, type ProviderRoutingOptions } from '../../../src/mesh/libp2p/provider-routing.ts'
import {
  FIND_PROVIDERS_TIMEOUT_MS,
  MAX_PROVIDER_SEARCHES_AT_ONCE,
  MAX_PROVIDERS_FOUND,
  MAX_PROVIDES_AT_ONCE,
  MAX_PROVIDES_QUEUED,
  PROVIDE_TIMEOUT_MS,
} from '../../../src/mesh/mesh-limits.ts'
import { ManualClock } from '../../support/manual-clock.ts'

describe('routing to the holders of payloads', () => {
  it('hands on members only, each once, and no more than the limit', async () => {
    const names = Array.from({ length: 2 * MAX_PROVIDERS_FOUND }, (_, index) => `peer ${index}`)
    const { routing } = setUp({ found: ['eve', 'peer 0', ...names], isMember: peer => peer !== 'eve' })
    assert.deepEqual(await find(routing), names.slice(0, MAX_PROVIDERS_FOUND))
  })

  it('ends a search that finds no end', async () => {
    const { routing, clock } = setUp()
    const found = find(routing)
    await clock.advance(FIND_PROVIDERS_TIMEOUT_MS)
    assert.deepEqual([await found, clock.pending], [[], 0])
  })

  it('ends a search when the asker has enough, and when the mesh stops', async () => {
    const { routing, clock } = setUp()
    const asker = new AbortController()
    const found = [find(routing, asker.signal), find(routing)]
    await clock.advance(1)
    asker.abort()
    assert.deepEqual(await found[0], [])
    routing.stop()
    assert.deepEqual([await found[1], clock.pending], [[], 0])
  })

  it('lets further searches wait for their turn, and those give up that are not wanted any more', async () => {
    const { routing, clock, asked } = setUp()
    const [asker, impatient] = [new AbortController(), new AbortController()]
    const running = Array.from({ length: MAX_PROVIDER_SEARCHES_AT_ONCE }, () => find(routing, asker.signal))
    const waiting = [find(routing, impatient.signal), find(routing)]
    await clock.advance(1)
    assert.equal(asked.count, MAX_PROVIDER_SEARCHES_AT_ONCE)
    impatient.abort()
    assert.deepEqual(await waiting[0], [])
    asker.abort()
    await Promise.all(running)
    await clock.advance(1)
    assert.equal(asked.count, MAX_PROVIDER_SEARCHES_AT_ONCE + 1)
    routing.stop()
    await waiting[1]
    assert.equal(clock.pending, 0)
  })

  it('tells of a few payloads at a time, gives each up after a while, and drops the oldest of too many', async () => {
    const { routing, clock, told } = setUp()
    const all = Array.from({ length: MAX_PROVIDES_AT_ONCE + MAX_PROVIDES_QUEUED + 3 }, (_, index) => hashOf(index))
    const promises = all.map(hash => routing.provide(hash))
    await clock.advance(1)
    assert.deepEqual(told.length, MAX_PROVIDES_AT_ONCE)
    // Those that were told first, and the oldest that waited after them.
    await Promise.all(promises.slice(MAX_PROVIDES_AT_ONCE, MAX_PROVIDES_AT_ONCE + 3))
    await clock.advance(PROVIDE_TIMEOUT_MS)
    assert.deepEqual(told.length, 2 * MAX_PROVIDES_AT_ONCE)
    routing.stop()
    await Promise.all(promises)
    await routing.provide(hashOf(0))
    assert.deepEqual([told.length, clock.pending], [2 * MAX_PROVIDES_AT_ONCE, 0])
  })

  it('asks once for a payload that is told again meanwhile', async () => {
    const { routing, clock, told } = setUp()
    const promises = Array.from({ length: 20 }, () => routing.provide(hashOf(7)))
    await clock.advance(PROVIDE_TIMEOUT_MS)
    await Promise.all(promises)
    assert.equal(told.length, 1)
  })
})

function hashOf(index: number): string {
  return index.toString(16).padStart(64, '0')
}

function find(routing: ProviderRouting, signal = new AbortController().signal): Promise<string[]> {
  return Array.fromAsync(routing.findProviders(hashOf(1), signal))
}

/** A DHT that tells these holders and then, like one in a bad network, says nothing more until it is told to end. */
function setUp({ found = [], isMember = () => true }: { found?: string[]; isMember?: (peer: string) => boolean } = {}) {
  const clock = new ManualClock()
  const told: string[] = []
  const asked = { count: 0 }
  const dht = {
    async *findProviders(_: unknown, { signal }: { signal: AbortSignal }) {
      asked.count++
      for (const name of found) yield { name: 'PROVIDER', providers: [{ id: name }] }
      await aborted(signal)
    },
    async *provide(cid: { toString: () => string }, { signal }: { signal: AbortSignal }) {
      told.push(cid.toString())
      await aborted(signal)
      yield { name: 'QUERY_ERROR' }
    },
  } as unknown as ProviderRoutingOptions['dht']
  return { clock, told, asked, routing: new ProviderRouting({ dht, isMember, clock, log: silentLog }) }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(new Error('aborted'))
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
  })
}

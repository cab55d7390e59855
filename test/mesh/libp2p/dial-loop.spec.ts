import assert from 'node:assert/strict'
import { silentLog } from '../../../src/core/log.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { DialLoop } from '../../../src/mesh/libp2p/dial-loop.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { makeIdentity } from '../support/libp2p-peers.ts'

describe('dial loop', () => {
  it('dials a dead member for ever, and a living one beside it', async () => {
    const { loop, clock, dials, connected, anna, bert } = await setUp()
    loop.setMembers([member(anna, '/ip4/192.0.2.1/tcp/1'), member(bert, '/ip4/192.0.2.2/tcp/1')])
    loop.start()
    await clock.advance(1)
    assert.ok(connected.has(bert))
    await clock.advance(600_000)
    const toAnna = dials.filter(addrs => addrs[0]?.endsWith(anna)).length
    assert.ok(toAnna > 300, `${toAnna} dials in ten minutes`)
    assert.equal(dials.length - toAnna, 1)
    loop.stop()
  })

  it('dials the addresses of the ledger, of the operator and of the network, each once', async () => {
    const { loop, clock, dials, anna } = await setUp({ join: anna => [`/ip4/192.0.2.3/tcp/1/p2p/${anna}`] })
    loop.setMembers([member(anna, '/ip4/192.0.2.1/tcp/1')])
    loop.seen(anna, ['/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.9/tcp/1'])
    loop.start()
    await clock.advance(1)
    assert.deepEqual(
      dials[0],
      ['1', '3', '9'].map(host => `/ip4/192.0.2.${host}/tcp/1/p2p/${anna}`),
    )
    loop.stop()
  })

  it('dials an address to join without knowing who is there, until that peer is connected', async () => {
    const addr = '/ip4/192.0.2.7/tcp/1'
    const { loop, clock, dials, connected, bert } = await setUp({ join: () => [addr] })
    loop.start()
    await clock.advance(60_000)
    assert.deepEqual(dials, [[addr]])
    connected.delete(bert)
    loop.disconnected(bert)
    loop.setMembers([])
    await clock.advance(60_000)
    assert.ok(dials.length > 1, 'dialled again after the loss')
    loop.stop()
  })

  it('dials again after a loss', async () => {
    const { loop, clock, dials, connected, bert } = await setUp()
    loop.setMembers([member(bert, '/ip4/192.0.2.2/tcp/1')])
    loop.start()
    await clock.advance(60_000)
    connected.delete(bert)
    loop.disconnected(bert)
    await clock.advance(200)
    assert.equal(dials.length, 2)
    loop.stop()
  })

  it('does not dial a member of whom no address is known, until one is seen', async () => {
    const { loop, clock, dials, bert } = await setUp()
    loop.setMembers([{ ...member(bert, ''), addrs: [] }])
    loop.start()
    await clock.advance(60_000)
    assert.deepEqual(dials, [])
    assert.equal(loop.isOutOfReach(bert), true, 'it is looked for')
    loop.seen(bert, ['/ip4/192.0.2.2/tcp/1'])
    await clock.advance(1)
    assert.deepEqual(dials, [[`/ip4/192.0.2.2/tcp/1/p2p/${bert}`]])
    loop.connected(bert)
    assert.equal(loop.isOutOfReach(bert), false)
    loop.stop()
  })

  it('never dials its own address when that is in the list of addresses to join', async () => {
    const { loop, clock, dials } = await setUp({ join: () => [OWN_ADDR, '/ip4/192.0.2.5/tcp/1'] })
    loop.start()
    await clock.advance(10_000)
    assert.deepEqual(dials, [['/ip4/192.0.2.5/tcp/1']])
    loop.stop()
  })

  it('does not dial an address to join that a member tells as its own: that one is dialled, or dials', async () => {
    const addr = '/ip4/192.0.2.2/tcp/1'
    const { loop, clock, dials, bert } = await setUp({ join: () => [addr] })
    loop.setMembers([member(bert, `${addr}/p2p/${bert}`)])
    loop.start()
    await clock.advance(60_000)
    assert.deepEqual(dials, [[`${addr}/p2p/${bert}`]])
    loop.stop()
  })

  it('lets a later session dial first, and dials it when that did not come', async () => {
    const { loop, clock, dials, bert } = await setUp()
    const self = { ...member('self', OWN_ADDR), since: 1 }
    loop.setMembers([self, { ...member(bert, '/ip4/192.0.2.2/tcp/1'), since: 2 }])
    loop.start()
    await clock.advance(2999)
    assert.deepEqual(dials, [])
    await clock.advance(3001)
    assert.equal(dials.length, 1)
    loop.stop()
  })

  it('dials an earlier session at once, and a later one too when it can itself not be dialled', async () => {
    const { loop, clock, dials, anna, bert } = await setUp()
    const others = [member(anna, '/ip4/192.0.2.1/tcp/1'), member(bert, '/ip4/192.0.2.2/tcp/1')]
    loop.setMembers([{ ...member('self', ''), since: -1, addrs: [] }, ...others])
    loop.start()
    await clock.advance(1)
    assert.equal(dials.length, 2)
    loop.stop()
  })

  it('does nothing once it is stopped, and leaves no timer', async () => {
    const { loop, clock, dials, anna } = await setUp()
    loop.setMembers([member(anna, '/ip4/192.0.2.1/tcp/1')])
    loop.start()
    await clock.advance(1000)
    loop.stop()
    const before = dials.length
    loop.setMembers([])
    await clock.advance(60_000)
    assert.deepEqual([dials.length, clock.pending], [before, 0])
  })
})

const OWN_ADDR = '/ip4/192.0.2.99/tcp/1'

function member(peer: string, addr: string) {
  return { peer, session: `session of ${peer}`, since: 0, addrs: [addr] }
}

/** A network on which only `bert` answers, also at addresses that name nobody. */
async function setUp({ join = (_anna: string): string[] => [] } = {}) {
  const [anna, bert] = (await Promise.all([makeIdentity(), makeIdentity()])).map(({ peer }) => peer) as [string, string]
  const clock = new ManualClock()
  const dials: (readonly string[])[] = []
  const connected = new Set<string>()
  const loop: DialLoop = new DialLoop({
    self: 'self',
    clock,
    random: seededRandom(3),
    log: silentLog,
    join: join(anna),
    pacing: { firstDelayMs: 100, maxDelayMs: 2000, headStartMs: 3000 },
    isOwn: addr => addr === OWN_ADDR,
    isConnected: peer => connected.has(peer),
    dial: async addrs => {
      dials.push(addrs)
      if (addrs.some(addr => addr.endsWith(anna))) throw new Error('no answer')
      connected.add(bert)
      loop.connected(bert)
      return bert
    },
  })
  return { loop, clock, dials, connected, anna, bert }
}

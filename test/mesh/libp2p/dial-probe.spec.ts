import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { DialProbe } from '../../../src/mesh/libp2p/dial-probe.ts'

describe('DialProbe', () => {
  const servers: Server[] = []

  async function listen(): Promise<{ addr: string; close: () => Promise<void> }> {
    const server = createServer(socket => socket.on('error', () => {}).destroy())
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      addr: `/ip4/127.0.0.1/tcp/${port}`,
      close: () => new Promise(resolve => server.close(() => resolve())),
    }
  }

  afterEach(() => {
    for (const server of servers.splice(0)) if (server.listening) server.close()
  })

  it('says that a port answers, and that it refuses once nobody listens there any more', async () => {
    const { addr, close } = await listen()
    const probe = new DialProbe()
    assert.equal(await probe.probe('p', [`${addr}/p2p/p`]), 'answers')
    await close()
    assert.equal(await probe.probe('p', [`${addr}/p2p/p`]), 'refused')
  })

  it('takes no refusal for evidence of a peer that never answered: it may only dial out', async () => {
    const { addr, close } = await listen()
    await close()
    assert.equal(await new DialProbe().probe('p', [addr]), 'unreachable')
  })

  it('forgets what answered with the peer, so that a new one at the same address proves itself anew', async () => {
    const { addr, close } = await listen()
    const probe = new DialProbe()
    await probe.probe('p', [addr])
    probe.forget(['p'])
    await close()
    assert.equal(await probe.probe('p', [addr]), 'unreachable')
  })

  it('needs the refusal of every address that answered before', async () => {
    const outcomes: Record<string, 'answered' | 'refused' | 'silent'> = {
      '10.0.0.1': 'answered',
      '10.1.0.1': 'answered',
    }
    const probe = new DialProbe(async host => outcomes[host] ?? 'silent')
    const addrs = ['/ip4/10.0.0.1/tcp/1', '/ip4/10.1.0.1/tcp/1', '/ip4/10.2.0.1/tcp/1']
    await probe.probe('p', addrs)
    outcomes['10.0.0.1'] = 'refused'
    outcomes['10.1.0.1'] = 'silent'
    assert.equal(await probe.probe('p', addrs), 'unreachable')
    outcomes['10.1.0.1'] = 'refused'
    assert.equal(await probe.probe('p', addrs), 'refused')
  })

  it('does not ask the own host in place of another one', async () => {
    const asked: string[] = []
    const probe = new DialProbe(async host => {
      asked.push(host)
      return 'answered'
    })
    await probe.probe('p', [
      '/ip4/127.0.0.1/tcp/1',
      '/ip6/::1/tcp/1',
      '/ip4/10.0.0.1/tcp/1',
      '/ip4/10.0.0.2/udp/1/quic-v1',
    ])
    assert.deepEqual(asked, ['10.0.0.1'])
  })
})

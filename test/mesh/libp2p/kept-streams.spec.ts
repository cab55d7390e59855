import assert from 'node:assert/strict'
import type { Connection, Stream } from '@libp2p/interface'
import { type KeptStreams, openStream } from '../../../src/mesh/libp2p/kept-streams.ts'

const PEER = '12D3KooWA5SVzwUpcEqmhrvvoe4hdcXGLFAcd1mBWZBB1s6a4AFb'

describe('opening a stream that is to be kept', () => {
  const { signal } = new AbortController()

  function over(...connections: Pick<Connection, 'status' | 'newStream'>[]): KeptStreams {
    const node = { getConnections: () => connections as Connection[] } as Partial<KeptStreams['node']>
    return { node: node as KeptStreams['node'], protocol: '/p', isMember: () => true, maxStreams: 1 }
  }
  const connection = (status: Connection['status'], stream: Pick<Stream, 'status'>) => ({
    status,
    newStream: async () => stream as Stream,
  })

  it('takes a connection that is open', async () => {
    const stream = { status: 'open' } as const
    assert.equal(
      await openStream(over(connection('closed', { status: 'open' }), connection('open', stream)), PEER, signal),
      stream,
    )
  })

  it('fails where there is none', async () => {
    await assert.rejects(openStream(over(), PEER, signal), /not connected/)
  })

  it('fails when the stream ended while it was opened: nobody tells of that any more', async () => {
    await assert.rejects(openStream(over(connection('open', { status: 'reset' })), PEER, signal), /ended while/)
  })

  it('fails when the name of the peer is none', async () => {
    await assert.rejects(openStream(over(), 'nobody', signal))
  })
})

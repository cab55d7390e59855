import assert from 'node:assert/strict'
import { announcedAddrs, peerOf } from '../../../src/mesh/libp2p/announced-addrs.ts'

const peer = '12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE'

describe('announced addresses', () => {
  it('are those listened on, public ones too, without loopback', () => {
    const listening = [
      '/ip4/127.0.0.1/tcp/4100',
      '/ip4/131.169.1.2/tcp/4100',
      '/ip6/::1/tcp/4100',
      '/ip4/10.0.0.7/tcp/4100',
    ]
    assert.deepEqual(announcedAddrs({ announce: [], listening, peer }), [
      `/ip4/131.169.1.2/tcp/4100/p2p/${peer}`,
      `/ip4/10.0.0.7/tcp/4100/p2p/${peer}`,
    ])
  })

  it('are loopback ones when there are no others', () => {
    assert.deepEqual(announcedAddrs({ announce: [], listening: ['/ip4/127.0.0.1/tcp/4100'], peer }), [
      `/ip4/127.0.0.1/tcp/4100/p2p/${peer}`,
    ])
  })

  it('are those of the operator alone when there are any', () => {
    const announce = ['/dns4/beam.example.org/tcp/4100', `/ip4/192.0.2.1/tcp/4100/p2p/${peer}`]
    assert.deepEqual(announcedAddrs({ announce, listening: ['/ip4/10.0.0.7/tcp/4100'], peer }), [
      `/dns4/beam.example.org/tcp/4100/p2p/${peer}`,
      `/ip4/192.0.2.1/tcp/4100/p2p/${peer}`,
    ])
  })

  it('name their peer or not', () => {
    assert.equal(peerOf(`/ip4/10.0.0.7/tcp/4100/p2p/${peer}`), peer)
    assert.equal(peerOf('/ip4/10.0.0.7/tcp/4100'), undefined)
  })
})

/** Hints make the mesh fast and may all be lost: runs end on real libp2p meshes that lose a part of them, or all. */
import assert from 'node:assert/strict'
import { MemoryPeers } from '../../support/memory-peers.ts'
import { stopPeers } from '../support/libp2p-peers.ts'
import { runWithLoss } from '../support/run-with-loss.ts'

const PEERS = 5

describe('runs on a libp2p mesh', () => {
  let peers = new MemoryPeers()
  beforeEach(() => (peers = new MemoryPeers()))
  afterEach(async () => {
    await peers.close()
    await stopPeers()
  })

  for (const share of [0.3, 1]) {
    it(`end although ${share * 100} % of the hints are lost, and each task runs once`, async () => {
      const { lost, heard } = await runWithLoss(peers, { count: PEERS, share })
      assert.ok(lost > 0 && (share === 1 || heard > 0))
    })
  }
})

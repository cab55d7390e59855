/** Hints make the mesh fast and may all be lost: runs end on real libp2p meshes that lose a part of them, or all. */
import assert from 'node:assert/strict'
import { eventually } from '../../support/eventually.ts'
import { dagPlan, MemoryPeers, taskPlan } from '../../support/memory-peers.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { startPeer, stopPeers } from '../support/libp2p-peers.ts'

const PEERS = 3
const WIDTH = 12

describe('runs on a libp2p mesh', () => {
  let peers = new MemoryPeers()
  beforeEach(() => (peers = new MemoryPeers()))
  afterEach(async () => {
    await peers.close()
    await stopPeers()
  })

  for (const share of [0.3, 1]) {
    it(`end although ${share * 100} % of the hints are lost, and each task runs once`, async () => {
      let [heard, lost] = [0, 0]
      const random = seededRandom(7)
      const loses = () => {
        const isLost = random.float() < share
        if (isLost) lost++
        else heard++
        return isLost
      }
      const started: string[] = []
      for (let index = 0; index < PEERS; index++) {
        const mesh = await startPeer({ incarnation: peers.ledger.incarnation, loses })
        await peers.add(`p${index}`, async ({ task }) => void started.push(task), { mesh, capacity: 2 })
      }
      for (const run of ['first', 'second']) {
        await peers.submit(run, [fanDag()])
        await eventually(async () => (await peers.ledger.run(run))?.state === 'succeeded', 15_000)
      }
      assert.equal(started.length, 2 * (WIDTH + 2))
      await eventually(() => lost > 0 && (share === 1 || heard > 0))
    })
  }
})

/** One task, many that need it, one that needs them all. */
function fanDag() {
  const names = Array.from({ length: WIDTH }, (_, index) => `t${index}`)
  const edges = names.flatMap((name): [string, string][] => [
    ['split', name],
    [name, 'join'],
  ])
  return dagPlan('main', [taskPlan('split'), ...names.map(name => taskPlan(name)), taskPlan('join')], edges)
}

import assert from 'node:assert/strict'
import { seededRandom } from '../../../src/core/random.ts'
import type { Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { eventually } from '../../support/eventually.ts'
import { dagPlan, type MemoryPeers, taskPlan } from '../../support/memory-peers.ts'
import { startPeer } from './libp2p-peers.ts'
import { isFullMesh } from './mesh-helpers.ts'

const WIDTH = 12

/**
 * Two runs, one after the other, on `count` supervisors with libp2p meshes that lose this share of the messages: both end, and each task
 * runs once. Returns how many messages were lost and heard; waits until there was one of each that there can be.
 */
export async function runWithLoss(
  peers: MemoryPeers,
  { count, share, withinMs = 15_000 }: { count: number; share: number; withinMs?: number },
): Promise<{ lost: number; heard: number }> {
  let [heard, lost] = [0, 0]
  const random = seededRandom(7)
  const loses = () => {
    const isLost = random.float() < share
    if (isLost) lost++
    else heard++
    return isLost
  }
  const started: string[] = []
  const meshes: Libp2pMesh[] = []
  for (let index = 0; index < count; index++) {
    const mesh = await startPeer({ incarnation: peers.ledger.incarnation, loses })
    meshes.push(mesh)
    await peers.add(`p${index}`, async ({ task }) => void started.push(task), { mesh, capacity: 2 })
  }
  await eventually(() => isFullMesh(...meshes), withinMs)
  for (const run of ['first', 'second']) {
    await peers.submit(run, [fanDag()])
    await eventually(async () => (await peers.ledger.run(run))?.state === 'succeeded', withinMs)
  }
  assert.equal(started.length, 2 * (WIDTH + 2))
  await eventually(() => (share === 0 || lost > 0) && (share === 1 || heard > 0))
  return { lost, heard }
}

/** One task, many that need it, one that needs them all. */
function fanDag() {
  const names = Array.from({ length: WIDTH }, (_, index) => `t${index}`)
  const edges = names.flatMap((name): [string, string][] => [
    ['split', name],
    [name, 'join'],
  ])
  return dagPlan('main', [taskPlan('split'), ...names.map(name => taskPlan(name)), taskPlan('join')], edges)
}

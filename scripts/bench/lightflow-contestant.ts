/** Lightflow itself: real peers, a real ledger, submission and waiting as every client does it. */
import { fileURLToPath } from 'node:url'
import { RealMesh } from '../../test/support/real-mesh.ts'
import type { Contestant } from './contestant.ts'
import type { Scenario } from './scenarios.ts'

const CAPACITY = 2

export async function startLightflow(peers: number): Promise<Contestant> {
  const names = Array.from({ length: peers }, (_, index) => `peer-${index + 1}`)
  const mesh = await RealMesh.start(names, { capacity: CAPACITY })
  return {
    name: `Lightflow, ${peers} ${peers === 1 ? 'peer' : 'peers'}, SQLite on disk`,
    play: scenario => play(mesh, scenario),
    stop: () => mesh.close(),
  }
}

async function play({ client }: RealMesh, { name, tasks }: Scenario): Promise<number> {
  const file = fileURLToPath(new URL(`./workflows/${name}.ts`, import.meta.url))
  const startedMs = performance.now()
  const { run } = await client.start(file)
  const view = await client.wait(run)
  const durationMs = performance.now() - startedMs
  if (view.state !== 'succeeded' || view.tasks.done !== tasks) throw new Error(`${name}: ${JSON.stringify(view)}`)
  return durationMs
}

/**
 * A program: real libp2p meshes in this one process, connected all with all on loopback. It says as JSON what their connections cost in memory,
 * file descriptors and CPU at rest, and what a message costs that is heard by all. `node --expose-gc links-process.ts PEERS SECONDS`.
 */
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { startPeers } from '../../test/mesh/support/libp2p-peers.ts'
import { memberOf } from '../../test/mesh/support/mesh-helpers.ts'
import { eventually } from '../../test/support/eventually.ts'
import { cpuUs } from './model/counted-ledger.ts'

export interface LinkFigures {
  peers: number
  /** Ends of connections: each has two. */
  ends: number
  /** Of all peers, since before the first connection. */
  rssMb: number
  fileDescriptors: number
  /** Of all peers together, a second. */
  idleCpuMs: number
  /** Of all peers, for one message of one peer that all others heard. */
  messageCpuMs: number
  messageHeard: number
}

/** libp2p's first rounds of everything are over. */
const SETTLE_MS = 15_000
const MESSAGES = 100
/** Far enough apart to be sent one by one. */
const MESSAGE_EVERY_MS = 40

const [peers = 10, seconds = 10] = process.argv.slice(2).map(Number)
const meshes = await startPeers(peers)
await settled()
const before = { rssMb: rssMb(), fileDescriptors: fileDescriptors() }
// One after the other, as in a mesh that grows: all at once they would dial each other twice.
const members = meshes.map((mesh, index) => ({ ...memberOf(mesh), since: index }))
for (let count = 2; count <= peers; count++) {
  const there = meshes.slice(0, count)
  for (const mesh of there) mesh.setMembers(members.slice(0, count))
  await eventually(() => there.every(mesh => mesh.connected().length === count - 1), 120_000, 50)
}
await delay(SETTLE_MS)
await settled()
const ends = meshes.reduce((sum, { node }) => sum + (node?.getConnections().length ?? 0), 0)
const cost = { rssMb: rssMb() - before.rssMb, fileDescriptors: fileDescriptors() - before.fileDescriptors }
const idle = await cpuFor(() => delay(seconds * 1000))
const idleCpuMs = (1000 * idle.cpuMs) / idle.tookMs
const figures: LinkFigures = { peers, ends, ...cost, idleCpuMs, ...(await talk(idleCpuMs)) }
process.stdout.write(`${JSON.stringify(figures)}\n`)
process.exit()

async function talk(idleMsPerS: number): Promise<Pick<LinkFigures, 'messageCpuMs' | 'messageHeard'>> {
  let heard = 0
  for (const mesh of meshes) mesh.on('hint', () => (heard += 1))
  const used = await cpuFor(async () => {
    for (let number = 0; number < MESSAGES; number++) {
      meshes[number % peers]?.publish({ kind: 'ended', run: `run ${number}`, dag: null })
      await delay(MESSAGE_EVERY_MS)
    }
  })
  const idleMs = (idleMsPerS * used.tookMs) / 1000
  return { messageCpuMs: (used.cpuMs - idleMs) / MESSAGES, messageHeard: heard / MESSAGES }
}

/** On a busy machine it takes longer than it should. */
async function cpuFor(during: () => Promise<void>): Promise<{ cpuMs: number; tookMs: number }> {
  const [fromUs, fromMs] = [cpuUs(), performance.now()]
  await during()
  return { cpuMs: (cpuUs() - fromUs) / 1000, tookMs: performance.now() - fromMs }
}

async function settled(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await delay(300)
    globalThis.gc?.()
  }
}

function rssMb(): number {
  return process.memoryUsage().rss / 1024 / 1024
}

function fileDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

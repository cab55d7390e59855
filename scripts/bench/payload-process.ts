/** One peer of the bench: mesh, payloads and a ledger's beats in a process of its own, told what to do by the one that started it. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { systemRandom } from '../../src/core/random.ts'
import type { PayloadRef } from '../../src/lease/records.ts'
import { createLibp2pMesh, type Libp2pMesh } from '../../src/mesh/libp2p/libp2p-mesh.ts'
import type { Member } from '../../src/mesh/mesh.ts'
import { BulkThreads } from '../../src/payload/bulk/bulk-threads.ts'
import { FileHasher } from '../../src/payload/files/file-hasher.ts'
import { PayloadFiles } from '../../src/payload/files/payload-files.ts'
import { RunFiles } from '../../src/payload/files/run-files.ts'
import { PayloadServer } from '../../src/payload/transfer/payload-server.ts'
import { Puller } from '../../src/payload/transfer/puller.ts'
import { HintDelays, sendHints } from './hint-delays.ts'
import { fetchPlain, servePlain } from './plain-tls.ts'
import { BeatDelays } from './beat-delays.ts'

const MiB = 1024 * 1024
const NEVER = new AbortController().signal

let mesh: Libp2pMesh
let folder = ''
let files: PayloadFiles
let threads: BulkThreads
let server: PayloadServer
let beats: BeatDelays | null = null
let hints: HintDelays | null = null

const commands = {
  async start({ folder: place, incarnation }: { folder: string; incarnation: string }) {
    folder = place
    const privateKey = await generateKeyPair('Ed25519')
    const identity = { peer: peerIdFromPrivateKey(privateKey).toString(), privateKey }
    const parts = { clock: systemClock, random: systemRandom, log: silentLog }
    mesh = createLibp2pMesh({ ...parts, identity, incarnation, listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false })
    mesh.useSession(`session of ${mesh.peer}`)
    await mesh.start()
    files = new PayloadFiles({ folder, ...parts })
    threads = new BulkThreads({ host: '127.0.0.1' })
    const puller = new Puller({ network: mesh, files, threads, ...parts })
    const runFiles = new RunFiles({ folder, ...parts })
    const hasher = new FileHasher({ runFiles, threads })
    server = new PayloadServer({ network: mesh, files, threads, puller, runFiles, hasher, ...parts })
    server.start()
    return { peer: mesh.peer, session: `session of ${mesh.peer}`, since: 0, addrs: mesh.addrs() } satisfies Member
  },
  async members(members: Member[]) {
    mesh.setMembers(members)
    while (mesh.connected().length < members.length - 1) await systemClock.sleep(20)
  },
  /** Payloads of random bytes, made without holding them in memory. */
  make: async ({ count, mib }: { count: number; mib: number }) => {
    const refs: PayloadRef[] = []
    for (let index = 0; index < count; index++) refs.push(await makePayload(mib))
    return refs
  },
  pull: async ({ refs, direct, toFile }: { refs: PayloadRef[]; direct: boolean; toFile: boolean }) => {
    const parts = { network: mesh, threads, clock: systemClock, random: systemRandom, log: silentLog, direct }
    const puller = new Puller({ ...parts, files: toFile ? files : new Nowhere({ folder, ...parts }) })
    await Promise.all(refs.map(ref => puller.pull(ref, NEVER)))
    for (const { hash } of refs) await rm(files.pathOf(hash), { force: true })
    return puller.metrics
  },
  servePlain,
  fetchPlain,
  file: (ref: PayloadRef) => files.pathOf(ref.hash),
  folder: () => folder,
  usage: () => {
    const { user, system } = process.cpuUsage()
    return { cpuS: (user + system) / 1e6, rssMb: Math.round(process.resourceUsage().maxRSS / 1024) }
  },
  watch: async () => {
    beats = await BeatDelays.start(`sqlite:${join(folder, 'ledger.sqlite')}`, mesh.peer)
    hints = new HintDelays(mesh)
  },
  sendHints: (forMs: number) => sendHints(mesh, forMs),
  delays: async () => ({ hintsMs: hints?.take() ?? [], beatsMs: beats?.take() ?? [] }),
  stop: async () => {
    await beats?.stop()
    server.stop()
    await threads.close()
    await mesh.stop()
  },
}

/** Takes the bytes and keeps none: what the transfer costs without the disk of the reader. */
class Nowhere extends PayloadFiles {
  override async newPart(): Promise<string> {
    return '/dev/null'
  }

  override async adopt(): Promise<void> {}
}

async function makePayload(mib: number): Promise<PayloadRef> {
  const hash = createHash('sha256')
  await mkdir(folder, { recursive: true })
  const part = join(folder, 'making')
  const file = await open(part, 'w')
  for (let index = 0; index < mib; index++) {
    const bytes = randomBytes(MiB)
    hash.update(bytes)
    await file.write(bytes)
  }
  await file.close()
  const name = hash.digest('hex')
  await mkdir(join(folder, name.slice(0, 2)), { recursive: true })
  await rename(part, files.pathOf(name))
  return { hash: name, sizeBytes: mib * MiB, inline: null, holders: [mesh.peer] }
}

interface Command {
  id: number
  name: keyof typeof commands
  argument: never
}

process.on('message', (command: Command) => void carryOut(command))

async function carryOut({ id, name, argument }: Command): Promise<void> {
  try {
    process.send?.({ id, value: await commands[name](argument) })
  } catch (error) {
    process.send?.({ id, error: String((error as Error).stack) })
  }
  if (name === 'stop') process.disconnect()
}

// The one that started it is gone.
process.on('disconnect', () => process.exit())

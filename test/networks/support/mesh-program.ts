/**
 * A program: one mesh without a ledger. Told who the members are, but not where they are; says on stdout, one JSON object a line, what
 * happens; ends with its stdin. `node mesh-program.ts SETTINGS`, the settings being JSON: see {@link MeshSettings}.
 */
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { createLibp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import { INCARNATION } from '../../mesh/support/mesh-helpers.ts'

export interface MeshSettings {
  peer: string
  /** base64 of the protobuf. */
  key: string
  listen: string
  join: string[]
  mdns: boolean
  /** Peer ids. */
  members: string[]
}

export type MeshReport =
  | { kind: 'ready'; addrs: string[] }
  | { kind: 'connected'; peer: string }
  | { kind: 'disconnected'; peer: string }
  | { kind: 'hint'; from: string }

const HINT_EVERY_MS = 250

const { peer, key, members, ...options } = JSON.parse(process.argv[2] ?? '') as MeshSettings
const privateKey = privateKeyFromProtobuf(Buffer.from(key, 'base64')) as Ed25519PrivateKey
const mesh = createLibp2pMesh({
  ...options,
  listen: [options.listen],
  identity: { peer, privateKey },
  incarnation: INCARNATION,
  log: silentLog,
  clock: systemClock,
  random: systemRandom,
})
mesh.on('connected', other => tell({ kind: 'connected', peer: other }))
mesh.on('disconnected', other => tell({ kind: 'disconnected', peer: other }))
mesh.on('hint', ({ from }) => tell({ kind: 'hint', from }))
mesh.useSession(`session of ${peer}`)
mesh.setMembers(members.map(member => ({ peer: member, session: `session of ${member}`, since: 0, addrs: [] })))
await mesh.start()
tell({ kind: 'ready', addrs: mesh.addrs() })
setInterval(() => mesh.publish({ kind: 'members' }), HINT_EVERY_MS)
process.stdin.resume().on('end', () => process.exit())

function tell(report: MeshReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

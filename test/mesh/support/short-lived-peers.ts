/** A program that starts two meshes, connects them, stops them and then has nothing left to do. */
import { setTimeout as delay } from 'node:timers/promises'
import { isFullMesh, introduce } from './mesh-helpers.ts'
import { startPeers, stopPeers } from './libp2p-peers.ts'

const peers = await startPeers(2, { mdns: true })
introduce(...peers)
while (!isFullMesh(...peers)) await delay(10)
peers[0]?.publish({ kind: 'members' })
await stopPeers()
process.stdout.write('stopped\n')

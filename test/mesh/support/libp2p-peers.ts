/** Real libp2p meshes on 127.0.0.1 for the tests, all stopped by `stopPeers`. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Identity } from '../../../src/mesh/libp2p/identity.ts'
import { createLibp2pMesh, type Libp2pMesh } from '../../../src/mesh/libp2p/libp2p-mesh.ts'
import type { Libp2pMeshOptions } from '../../../src/mesh/libp2p/mesh-options.ts'
import { INCARNATION, sessionOf } from './mesh-helpers.ts'

const started: Libp2pMesh[] = []

export async function makeIdentity(): Promise<Identity> {
  const privateKey = await generateKeyPair('Ed25519')
  return { peer: peerIdFromPrivateKey(privateKey).toString(), privateKey }
}

/** A mesh that listens on a free port of 127.0.0.1; its session is `session of <peer>`. */
export async function startPeer(options: Partial<Libp2pMeshOptions> = {}): Promise<Libp2pMesh> {
  const mesh = createLibp2pMesh({
    identity: await makeIdentity(),
    incarnation: INCARNATION,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
    log: silentLog,
    clock: systemClock,
    random: systemRandom,
    ...options,
  })
  started.push(mesh)
  mesh.useSession(sessionOf(mesh))
  await mesh.start()
  return mesh
}

export async function startPeers(count: number, options: Partial<Libp2pMeshOptions> = {}): Promise<Libp2pMesh[]> {
  return Promise.all(Array.from({ length: count }, () => startPeer(options)))
}

export async function stopPeers(): Promise<void> {
  await Promise.all(started.splice(0).map(mesh => mesh.stop()))
}

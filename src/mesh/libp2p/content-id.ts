/** The hash of a payload in the forms that the DHT takes. */
import type { KadDHT } from '@libp2p/kad-dht'
import { peerIdFromMultihash } from '@libp2p/peer-id'

export type ContentId = Parameters<KadDHT['provide']>[0]

const SHA256_CODE = 0x12
const SHA256_BYTES = 32

/** Undefined for a text that is no SHA-256 in hex. */
export function contentId(hash: string): ContentId | undefined {
  if (!/^[0-9a-f]{64}$/.test(hash)) return undefined
  const digest = Uint8Array.from(Buffer.from(hash, 'hex'))
  const bytes = Uint8Array.of(SHA256_CODE, SHA256_BYTES, ...digest)
  // A peer id may be a SHA-256 too: so it makes the content id, and no other package is needed. The DHT looks at the hash alone.
  return peerIdFromMultihash({ code: SHA256_CODE, size: SHA256_BYTES, digest, bytes }).toCID()
}

/** What direct connections agree on. The only thing said on one is the range that is wanted; all else that moves is the payload. */

/**
 * TLS 1.3 with a key that both sides got over the authenticated connection of the mesh: it proves both to each other, without
 * certificates. The key exchange is fresh for each connection, so that the key alone does not open a recording.
 */
export const DIRECT_TLS = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
} as const

export interface Range {
  offset: number
  length: number
}

export const RANGE_BYTES = 16

export function encodeRange({ offset, length }: Range): Uint8Array {
  const bytes = Buffer.allocUnsafe(RANGE_BYTES)
  bytes.writeBigUInt64BE(BigInt(offset), 0)
  bytes.writeBigUInt64BE(BigInt(length), 8)
  return bytes
}

/** Undefined unless the range lies within `sizeBytes`. */
export function decodeRange(bytes: Uint8Array, sizeBytes: number): Range | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, RANGE_BYTES)
  const [offset, length] = [Number(view.readBigUInt64BE(0)), Number(view.readBigUInt64BE(8))]
  return offset + length <= sizeBytes ? { offset, length } : undefined
}

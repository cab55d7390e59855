/** Bytes that are too large for one document, in chunks. A blob is there when its head is: the head is written last. */
import type { MongoContext } from './context.ts'
import { CHUNK_BYTES } from './mongo-limits.ts'

/** The same id always means the same bytes, so writing it again changes nothing. */
export async function putBlob(context: MongoContext, id: string, bytes: Uint8Array): Promise<void> {
  const { blobs, chunks } = context.collections
  if (await context.exists(blobs, { _id: id })) return
  const count = Math.ceil(bytes.byteLength / CHUNK_BYTES)
  for (let index = 0; index < count; index++) {
    const part = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
    await context.insert(chunks, { _id: chunkId(id, index), bytes: part })
  }
  await context.insert(blobs, { _id: id, sizeBytes: bytes.byteLength, chunks: count })
}

export async function getBlob(context: MongoContext, id: string): Promise<Uint8Array | undefined> {
  const { blobs, chunks } = context.collections
  const head = await context.get(blobs, id)
  if (head === null) return undefined
  const bytes = new Uint8Array(head.sizeBytes)
  for (let index = 0; index < head.chunks; index++) {
    const chunk = await context.get(chunks, chunkId(id, index))
    if (chunk === null) return undefined
    bytes.set(chunk.bytes, index * CHUNK_BYTES)
  }
  return bytes
}

function chunkId(id: string, index: number): string {
  return `${id}/${index}`
}

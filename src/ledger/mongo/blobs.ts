/**
 * Bytes that are too large for one document: bundles and large blueprints, in GridFS (bucket `blobs`), where also other tools find them. They
 * are read by the driver's `GridFSBucket`, but not written by it: its upload gives each chunk a random id and stops at the first error, so
 * that one that broke off, or two peers that bring the same bundle, block an id for good (the chunks are there already), and an upload
 * under a new id leaves chunks that nobody can tell from those of an upload under way. Here chunks have ids that follow from the blob's:
 * any of them may be written again, by anybody, and each by itself is repeated while its outcome is open. A blob is there when its file
 * document is, which is written last.
 */
import type { MongoContext } from './context.ts'
import { BLOB_ANSWER_WITHIN_MS, CHUNK_BYTES } from './mongo-limits.ts'

/** The same id always means the same bytes, so writing it again changes nothing. */
export async function putBlob(context: MongoContext, id: string, bytes: Uint8Array): Promise<void> {
  const { files, chunks } = context.collections
  if (await context.exists(files, { _id: id })) return
  for (let n = 0; n * CHUNK_BYTES < bytes.byteLength; n++) {
    const data = bytes.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES)
    await context.insert(chunks, { _id: `${id}/${n}`, files_id: id, n, data })
  }
  const file = { length: bytes.byteLength, chunkSize: CHUNK_BYTES, uploadDate: new Date(context.now()), filename: id }
  await context.insert(files, { _id: id, ...file })
}

/** Undefined when there is none (yet). */
export async function getBlob(context: MongoContext, id: string): Promise<Uint8Array | undefined> {
  const { files } = context.collections
  if (!(await context.exists(files, { _id: id }))) return undefined
  return context.answers.ask(() => download(context, id), BLOB_ANSWER_WITHIN_MS)
}

async function download({ bucket }: MongoContext, id: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of bucket.openDownloadStreamByName(id)) parts.push(part as Uint8Array)
  return new Uint8Array(Buffer.concat(parts))
}

/** `prefix` ends with "/". */
export async function deleteBlobs(context: MongoContext, prefix: string): Promise<void> {
  const { files, chunks } = context.collections
  const ids = { $gte: prefix, $lt: `${prefix.slice(0, -1)}0` }
  await context.remove(files, { _id: ids })
  await context.remove(chunks, { files_id: ids })
}

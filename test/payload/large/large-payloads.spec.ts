/** What takes minutes, and gigabytes of disk: `npm run test:large`. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { DIRECT_TLS, encodeRange } from '../../../src/payload/bulk/direct-wire.ts'
import { hashOfFile } from '../../../src/payload/files/file-payload-store.ts'
import { type PayloadPeer, PayloadPeers } from '../support/payload-peers.ts'

const MiB = 1024 * 1024
const GiB = 1024 * MiB
const NEVER = new AbortController().signal

/** Beyond what 32 bits can count, and no whole number of steps. */
const SIZE_BYTES = 4 * GiB + 12_345
/** Of both peers, which are in this process: far below the payload, and above what garbage collection leaves lying about. */
const MAX_GROWTH_BYTES = 400 * MiB

describe('large payloads', function () {
  this.timeout(900_000)
  let peers: PayloadPeers
  let holder: PayloadPeer
  let reader: PayloadPeer
  beforeEach(async () => {
    peers = new PayloadPeers()
    holder = await peers.add('holder')
    reader = await peers.add('reader')
  })
  afterEach(() => peers.close())

  it('of more than 4 GiB arrive whole, in memory that does not grow with them', async () => {
    const hash = await putLargeFile(holder)
    const before = process.memoryUsage.rss()
    let most = before
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 100)
    try {
      await reader.puller.pull({ hash, sizeBytes: SIZE_BYTES, inline: null, holders: ['holder'] }, NEVER)
    } finally {
      clearInterval(watch)
    }
    assert.equal(await hashOfFile(reader.local.files.pathOf(hash), SIZE_BYTES), hash)
    assert.ok(most - before < MAX_GROWTH_BYTES, `${Math.round((most - before) / MiB)} MiB more`)
  })

  it('reach a reader of 1 MB/s, who delays nobody and is read ahead for by no more than the sockets hold', async () => {
    const slowBytes = randomBytes(12 * MiB)
    const ref = await holder.store.put(slowBytes)
    const path = holder.local.files.pathOf(ref.hash)
    const { port, id, key } = (await holder.threads.offer({ path, sizeBytes: slowBytes.length }))!
    const socket = connect({
      ...DIRECT_TLS,
      port,
      host: '127.0.0.1',
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk: Buffer.from(key, 'hex'), identity: id }),
    })
    socket.write(encodeRange({ offset: 0, length: slowBytes.length }))
    const slow = readSlowly(socket, slowBytes.length)
    const others = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const bytes = randomBytes(5 * MiB)
        return bytes.equals(await reader.store.get(await holder.store.put(bytes)))
      }),
    )
    assert.ok(others.every(Boolean))
    assert.ok(slowBytes.equals(await slow))
  })
})

/** 64 KiB each 64 ms. */
async function readSlowly(socket: TLSSocket, sizeBytes: number): Promise<Buffer> {
  const parts: Buffer[] = []
  for (let received = 0; received < sizeBytes;) {
    const part = socket.read(Math.min(64 * 1024, sizeBytes - received)) as Buffer | null
    if (part !== null) {
      parts.push(part)
      received += part.length
    }
    await pause(64)
  }
  socket.destroy()
  return Buffer.concat(parts)
}

/** A file of random pieces with nothing between them becomes a payload of this peer. */
async function putLargeFile({ folder, local }: PayloadPeer): Promise<string> {
  const begun = join(folder, 'begun')
  const file = await open(begun, 'w')
  try {
    await file.truncate(SIZE_BYTES)
    for (let at = 0; at < SIZE_BYTES - MiB; at += 256 * MiB + 7) await file.write(randomBytes(MiB), 0, MiB, at)
  } finally {
    await file.close()
  }
  const hash = await hashOfFile(begun, SIZE_BYTES)
  if (hash === undefined) {
    await rm(begun)
    throw new Error('the file is not as large as it was made')
  }
  await mkdir(dirname(local.files.pathOf(hash)), { recursive: true })
  await rename(begun, local.files.pathOf(hash))
  return hash
}

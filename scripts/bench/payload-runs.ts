/** The runs of the bench. Each one moves payloads once from the holder to the reader and says how fast, and at what cost. */
import { join } from 'node:path'
import type { PayloadRef } from '../../src/lease/records.ts'
import type { Pair, Usage } from './payload-pair.ts'

export interface Line {
  what: string
  /** The yardsticks, and what is compared with them. */
  kind: 'tls' | 'tls-files' | 'payload'
  mbPerS: number
  /** CPU of both processes, all threads. */
  cpuS: number
  /** Highest so far in the life of the process. */
  senderRssMb: number
  receiverRssMb: number
}

const GIB = 2 ** 30

export async function runTls(pair: Pair, kind: 'memory' | 'files'): Promise<Line> {
  const { holder, reader, large } = pair
  const isFiles = kind === 'files'
  const source = isFiles ? await holder.ask<string>('file', large) : null
  const target = isFiles ? join(await reader.ask<string>('folder'), 'plain') : null
  const port = await holder.ask<number>('servePlain', { sizeBytes: large.sizeBytes, file: source })
  const what = isFiles ? 'node:tls, from a file to a file' : 'node:tls, from memory to nothing'
  const line = await measure(pair, what, large.sizeBytes, () => reader.ask('fetchPlain', { port, file: target }))
  return { ...line, kind: isFiles ? 'tls-files' : 'tls' }
}

export function runStore(pair: Pair, { direct, toFile }: { direct: boolean; toFile: boolean }): Promise<Line> {
  const way = direct ? 'directly' : 'over streams of libp2p'
  const what = `payload ${way}, hashed, ${toFile ? 'from a file to a file' : 'from a file to nothing'}`
  const { reader, large } = pair
  return measure(pair, what, large.sizeBytes, () => reader.ask('pull', { refs: [large], direct, toFile }))
}

export async function runMany(pair: Pair, { count, mib }: { count: number; mib: number }): Promise<Line> {
  const refs = await pair.holder.ask<PayloadRef[]>('make', { count, mib })
  const sizeBytes = refs.reduce((sum, ref) => sum + ref.sizeBytes, 0)
  const pull = () => pair.reader.ask('pull', { refs, direct: true, toFile: true })
  return measure(pair, `${count} payloads of ${mib} MiB at once`, sizeBytes, pull)
}

async function measure(
  { holder, reader }: Pair,
  what: string,
  sizeBytes: number,
  run: () => Promise<unknown>,
): Promise<Line> {
  const usage = () => Promise.all([holder, reader].map(peer => peer.ask<Usage>('usage')))
  const before = await usage()
  const startMs = performance.now()
  await run()
  const tookS = (performance.now() - startMs) / 1000
  const [sender, receiver] = (await usage()) as [Usage, Usage]
  const cpuS = sender.cpuS + receiver.cpuS - before.reduce((sum, one) => sum + one.cpuS, 0)
  return {
    what,
    kind: 'payload',
    mbPerS: sizeBytes / 1e6 / tookS,
    cpuS: (cpuS * GIB) / sizeBytes,
    senderRssMb: sender.rssMb,
    receiverRssMb: receiver.rssMb,
  }
}

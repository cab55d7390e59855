/** Hints and beats, at rest and while the large payload moves: bulk must not delay them. */
import type { BenchPeer, Pair } from './payload-pair.ts'

const WATCH_MS = 6000

interface Delays {
  hintsMs: number[]
  beatsMs: number[]
}

export async function runHints(pair: Pair): Promise<string[]> {
  const { holder, reader, large } = pair
  await Promise.all([holder.ask('watch'), reader.ask('watch')])
  const lines = ['', 'delays in ms:']
  lines.push(await watch(pair, 'at rest', async () => {}))
  for (const direct of [true, false]) {
    const what = direct ? 'while a payload moves directly' : 'while it moves over streams'
    const pull = () => reader.ask('pull', { refs: [large], direct, toFile: true })
    lines.push(await watch(pair, what, pull))
  }
  return lines
}

/** Hints go both ways for the whole time; the work is repeated until it is over. */
async function watch({ holder, reader }: Pair, what: string, work: () => Promise<unknown>): Promise<string> {
  const peers: BenchPeer[] = [holder, reader]
  await Promise.all(peers.map(peer => peer.ask('delays')))
  const endMs = performance.now() + WATCH_MS
  const sending = peers.map(peer => peer.ask('sendHints', WATCH_MS))
  while (performance.now() < endMs) await Promise.all([work(), new Promise(resolve => setTimeout(resolve, 100))])
  await Promise.all(sending)
  const delays = await Promise.all(peers.map(peer => peer.ask<Delays>('delays')))
  const hints = describe(delays.flatMap(({ hintsMs }) => hintsMs))
  const beats = describe(delays.flatMap(({ beatsMs }) => beatsMs))
  return `${what.padEnd(32)} hints ${hints}   beats ${beats}`
}

function describe(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]?.toFixed(1) ?? '?'
  return `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} (${sorted.length})`
}

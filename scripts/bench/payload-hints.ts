/** Hints and beats, at rest and while the large payload moves: bulk must not delay them. */
import type { BenchPeer, Pair } from './payload-pair.ts'

const WATCH_MS = 6000

export interface Delays {
  /** What goes on meanwhile. */
  what: string
  hintsMs: number[]
  beatsMs: number[]
}

export async function runHints(pair: Pair): Promise<Delays[]> {
  const { holder, reader, large } = pair
  await Promise.all([holder.ask('watch'), reader.ask('watch')])
  const seen = [await watch(pair, 'at rest', async () => {})]
  for (const direct of [true, false]) {
    const what = direct ? 'while a payload moves directly' : 'while it moves over streams'
    const pull = () => reader.ask('pull', { refs: [large], direct, toFile: true })
    seen.push(await watch(pair, what, pull))
  }
  return seen
}

/** Hints go both ways for the whole time; the work is repeated until it is over. */
async function watch({ holder, reader }: Pair, what: string, work: () => Promise<unknown>): Promise<Delays> {
  const peers: BenchPeer[] = [holder, reader]
  await Promise.all(peers.map(peer => peer.ask('delays')))
  const endMs = performance.now() + WATCH_MS
  const sending = peers.map(peer => peer.ask('sendHints', WATCH_MS))
  while (performance.now() < endMs) await Promise.all([work(), new Promise(resolve => setTimeout(resolve, 100))])
  await Promise.all(sending)
  const delays = await Promise.all(peers.map(peer => peer.ask<Omit<Delays, 'what'>>('delays')))
  return { what, hintsMs: delays.flatMap(({ hintsMs }) => hintsMs), beatsMs: delays.flatMap(({ beatsMs }) => beatsMs) }
}

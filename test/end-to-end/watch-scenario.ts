/** Files or lines appear at random while the peer that watches for them is killed, again and again, and once asked to leave. */
import assert from 'node:assert/strict'
import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { PeerProcess } from '../../cli/demo/peer-process.ts'
import type { Random } from '../../src/core/random.ts'
import type { Client } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'

export interface WatchScenarioParts {
  client: Client
  /** Files of a folder, or lines of a file that is rotated now and then. */
  what: 'files' | 'lines'
  folder: string
  random: Random
  kills: number
  /** Longest time between two of them. */
  maxGapMs: number
  peer: (name: string) => PeerProcess
  startPeer: (name: string) => Promise<unknown>
}

/** Looking costs the ledger something. */
const LOOK_EVERY_MS = 250
/** A peer whose death nobody can prove is buried after its time of silence; then its task rests for some seconds. */
const MOVED_WITHIN_MS = 60_000
/** What waits when the last of them is written. */
const DONE_WITHIN_MS = 120_000
/** Often enough that a slow take-over misses more than one rotation. */
const LINES_PER_FILE = 20

/** Resolves when each was dealt with, exactly once and in order, by the DAGs of the ledger. */
export async function playWatchScenario(parts: WatchScenarioParts): Promise<{ peers: Set<string>; count: number }> {
  const { client, folder, what } = parts
  await mkdir(folder, { recursive: true })
  const workflow = what === 'files' ? 'watch.ts' : 'follow.ts'
  const { run } = await client.start(resolve('test/end-to-end/workflows', workflow), { args: { folder } })
  const peers = new Set<string>()
  const over = new AbortController()
  const isBegun = () => eventually(async () => (await client.show(run)).dags.length > 1, MOVED_WITHIN_MS, LOOK_EVERY_MS)
  const writing = writeUntil(over.signal, parts, isBegun)
  try {
    for (let kill = 0; kill < parts.kills; kill++) await moveByKill(run, peers, parts)
    await moveByDrain(run, peers, parts)
  } finally {
    over.abort()
  }
  const names = await writing
  await writeFile(join(folder, 'over'), '')
  const end = await client.wait(run, { signal: AbortSignal.timeout(DONE_WITHIN_MS) })
  assert.equal(end.state, 'succeeded', `${names.length} ${what}: ${JSON.stringify(end)}`)
  const { dags } = await client.show(run)
  const results = await client.results(run, 'note')
  // A number may be left out: that of a copy which was only half made when its peer died.
  const inOrder = results.toSorted((a, b) => copyNumber(a.dag) - copyNumber(b.dag))
  assert.deepEqual(
    inOrder.map(({ data }) => data['name']),
    names,
    'one copy for each, in order',
  )
  assert.equal(dags.length, names.length + 1, 'no copy twice')
  return { peers, count: names.length }
}

/**
 * Each is written in pieces, and complete before the next is begun. Resolves with their names. The second one waits for the first to be dealt
 * with: of a file that was rotated before anybody watched, nobody can know.
 */
async function writeUntil(
  over: AbortSignal,
  { folder, what, random, maxGapMs }: WatchScenarioParts,
  isBegun: () => Promise<unknown>,
): Promise<string[]> {
  const names: string[] = []
  const append = what === 'files' ? appendFrame : appendLine
  while (!over.aborted) {
    const number = String(names.length).padStart(4, '0')
    names.push(await append(folder, number, random))
    if (names.length === 1) await isBegun()
    await delay(random.float() * maxGapMs)
  }
  return names
}

async function appendFrame(folder: string, number: string, random: Random): Promise<string> {
  const name = `frame_${number}.cbf`
  await writeFile(join(folder, name), 'header')
  for (let pieces = random.float() * 3; pieces > 1; pieces--) {
    await delay(random.float() * 20)
    await appendFile(join(folder, name), 'data')
  }
  return name
}

async function appendLine(folder: string, number: string, random: Random): Promise<string> {
  const file = join(folder, 'live.log')
  if (Number(number) > 0 && Number(number) % LINES_PER_FILE === 0) await rename(file, `${file}.${number}`)
  await appendFile(file, 'frame ')
  await delay(random.float() * 20)
  await appendFile(file, `${number}\n`)
  return `frame ${number}`
}

async function moveByKill(run: string, peers: Set<string>, parts: WatchScenarioParts): Promise<void> {
  const { peer: name, epoch } = await watcher(run, parts)
  peers.add(name)
  await delay(parts.random.float() * 1500)
  parts.peer(name).kill('SIGKILL')
  await parts.peer(name).exited()
  await untilMoved(run, epoch, parts)
  await parts.startPeer(name)
}

/** It would hold the drain up for as long as it watches. */
async function moveByDrain(run: string, peers: Set<string>, parts: WatchScenarioParts): Promise<void> {
  const { client } = parts
  const { peer: name, epoch } = await watcher(run, parts)
  peers.add(name)
  const { session } = await client.drain(name)
  const left = await client.waitUntilLeft(session, { signal: AbortSignal.timeout(MOVED_WITHIN_MS) })
  assert.equal(left.state, 'left', JSON.stringify(left))
  await untilMoved(run, epoch, parts)
  await parts.startPeer(name)
}

/** Fails with all that is known: why a task stays where it was cannot be asked afterwards. */
async function untilMoved(run: string, epoch: number, parts: WatchScenarioParts): Promise<void> {
  const { client } = parts
  try {
    await eventually(async () => (await watcher(run, parts)).epoch > epoch, MOVED_WITHIN_MS, LOOK_EVERY_MS)
  } catch (cause) {
    const { dags, ...about } = await client.show(run)
    const [main] = dags
    const { peers } = await client.meshStatus()
    throw new Error(`the trigger did not move from epoch ${epoch}: ${JSON.stringify({ about, main, peers })}`, {
      cause,
    })
  }
}

/** Where the trigger runs now, or ran last. */
async function watcher(run: string, { client }: WatchScenarioParts): Promise<{ peer: string; epoch: number }> {
  return eventually(
    async () => {
      const { dags, ...about } = await client.show(run)
      const task = dags.find(({ dag }) => dag === 'main:1')?.tasks.find(({ task }) => task.endsWith('watch'))
      if (task === undefined || task.peer === null) return null
      // Nothing but the end of the run ends the trigger: whatever fails tells why.
      const failed = dags.flatMap(({ tasks }) =>
        tasks.filter(({ state }) => ['failed', 'aborted', 'lost'].includes(state)),
      )
      assert.deepEqual(failed, [], JSON.stringify({ ...about, task }))
      return ['claimed', 'done'].includes(task.state) ? { peer: task.peer, epoch: task.epoch } : null
    },
    MOVED_WITHIN_MS,
    LOOK_EVERY_MS,
  )
}

function copyNumber(dag: string): number {
  return Number(dag.split(':')[1])
}

/** Lightflow itself: real peers, a real ledger, submission and waiting as every client does it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflow } from '../../src/bundle/bundle-workflow.ts'
import { loadBundle } from '../../src/bundle/load-bundle.ts'
import { type Dag, runLocal } from '../../src/index.ts'
import { eventually } from '../../test/support/eventually.ts'
import { RealMesh, type RealMeshOptions } from '../../test/support/real-mesh.ts'
import { temporaryDatabase } from '../../test/support/temporary-database.ts'
import { CommandCounts } from './command-counts.ts'
import type { Contestant } from './contestant.ts'
import { spread } from './harness/figures.ts'
import { ALTERNATE_QUEUES, type Scenario } from './scenarios.ts'
import { countCommands } from './sent-commands.ts'

const CAPACITY = 2
const COUNTER = fileURLToPath(new URL('count-mongo-commands.ts', import.meta.url))

export async function startLightflow(peers: number): Promise<Contestant> {
  const mesh = await startMesh(peers)
  const hops = new Map<Scenario['name'], number[]>()
  return {
    name: `Lightflow, ${countOf(peers)}, SQLite on disk`,
    async play(scenario, { isWarmUp }) {
      const { ms, run } = await play(mesh, scenario)
      if (scenario.isChain === true && !isWarmUp) {
        hops.set(scenario.name, [...(hops.get(scenario.name) ?? []), await hopOf(mesh, run)])
      }
      return ms
    },
    remarks: async () =>
      Array.from(
        hops,
        ([name, ms]) => `${countOf(peers)} on SQLite, ${name}: ${spread(ms, 1)} ms for a step, submission left out.`,
      ),
    stop: () => mesh.close(),
  }
}

/** `uri`: of a replica set. Each mesh has a database of its own there, which is dropped at its end. */
export async function startOnMongo(peers: number, uri: string): Promise<Contestant> {
  const folder = await mkdtemp(join(tmpdir(), 'lf-bench-commands-'))
  const env = { LF_COUNT_FOLDER: folder, NODE_OPTIONS: `--import ${COUNTER}` }
  const database = temporaryDatabase(uri)
  sentHere ??= countCommands()
  const mesh = await startMesh(peers, { ledger: database.uri, env })
  const spent = new Map<Scenario['name'], Spent>()
  const count = async (): Promise<CommandCounts> => {
    const counts = new CommandCounts()
    for (const { pid } of mesh.peers.values()) counts.add(await commandsOf(pid, folder))
    return counts
  }
  return {
    name: `Lightflow, ${countOf(peers)}, MongoDB`,
    async play(scenario, { isWarmUp }) {
      const before = { peers: await count(), submitter: { ...sentHere } }
      const { ms, run } = await play(mesh, scenario)
      const after = { peers: await count(), submitter: { ...sentHere } }
      if (isWarmUp) return ms
      const seen = spent.get(scenario.name) ?? {
        peers: new CommandCounts(),
        submitter: new CommandCounts(),
        hopsMs: [],
      }
      seen.peers.note(scenario.tasks, before.peers.counts, after.peers.counts)
      seen.submitter.note(scenario.tasks, before.submitter, after.submitter)
      if (scenario.isChain === true) seen.hopsMs.push(await hopOf(mesh, run))
      spent.set(scenario.name, seen)
      return ms
    },
    remarks: async () =>
      Array.from(spent, ([name, { peers: ofPeers, submitter, hopsMs }]) => {
        const hops = hopsMs.length === 0 ? [] : [`  ${spread(hopsMs, 1)} ms for a step, submission left out.`]
        const sent = `  Besides, the submitter sent ${submitter.perTask} per task.`
        return [`${countOf(peers)} on MongoDB, ${name}: ${ofPeers.report()}`, sent, ...hops].join('\n')
      }),
    async stop() {
      await mesh.close()
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Spent {
  peers: CommandCounts
  submitter: CommandCounts
  hopsMs: number[]
}

/** Of a chain: from the end of its first task to that of its last, as the peers recorded them, for each step. */
async function hopOf({ client }: RealMesh, run: string): Promise<number> {
  const { dags } = await client.show(run)
  const ends = dags.flatMap(({ tasks }) => tasks.map(({ endedAt }) => Date.parse(endedAt ?? '')))
  return (Math.max(...ends) - Math.min(...ends)) / (ends.length - 1)
}

/** Of the clients in this process, which take turns. */
let sentHere: Record<string, number> | undefined

/** Everything in this process, as authors try a workflow. */
export function startLocal(): Promise<Contestant> {
  return Promise.resolve({
    name: 'Lightflow, one process (runLocal), in memory',
    lacks: ['alternate', 'pure-alternate'] as const,
    async play({ name, tasks }: Scenario) {
      const workflow = await dagsOf(name)
      const startedMs = performance.now()
      const run = await runLocal(workflow, {}, { capacity: CAPACITY })
      const durationMs = performance.now() - startedMs
      const done = run.tasks.filter(({ state }) => state === 'done').length
      if (run.state !== 'succeeded' || done !== tasks) throw new Error(`${name}: ${run.state}, ${done} done`)
      return durationMs
    },
    stop: async () => {},
  })
}

/** From a bundle, as every peer loads it: the file itself finds `lightflow` only where that is built. */
async function dagsOf(workflow: string): Promise<readonly Dag[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lf-bench-bundle-'))
  try {
    const { code, hash, name } = await bundleWorkflow(fileOf(workflow))
    const file = join(folder, `${hash}.mjs`)
    await writeFile(file, code)
    return Array.from((await loadBundle(file, { name })).dags.values())
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Every peer serves one of the two queues of tasks that must alternate; one alone serves both. */
async function startMesh(peers: number, options: Pick<RealMeshOptions, 'ledger' | 'env'> = {}): Promise<RealMesh> {
  const mesh = await RealMesh.start([], options)
  try {
    for (let index = 0; index < peers; index++) {
      const own = peers === 1 ? ALTERNATE_QUEUES : [ALTERNATE_QUEUES[index % ALTERNATE_QUEUES.length]]
      const args = ['--queues', ['task', ...own].join(',')]
      await mesh.startPeer(`peer-${index + 1}`, { ...options, capacity: CAPACITY, args })
    }
    return mesh
  } catch (error) {
    await mesh.close()
    throw error
  }
}

function countOf(peers: number): string {
  return `${peers} ${peers === 1 ? 'peer' : 'peers'}`
}

function fileOf(workflow: string): string {
  return fileURLToPath(new URL(`./workflows/${workflow}.ts`, import.meta.url))
}

async function commandsOf(pid: number, folder: string): Promise<Record<string, number>> {
  const file = join(folder, `${pid}.json`)
  await rm(file, { force: true })
  process.kill(pid, 'SIGUSR2')
  return eventually(async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, number>)
}

async function play({ client }: RealMesh, { name, tasks }: Scenario): Promise<{ ms: number; run: string }> {
  const startedMs = performance.now()
  const { run } = await client.start(fileOf(name))
  const view = await client.wait(run)
  const ms = performance.now() - startedMs
  if (view.state !== 'succeeded' || view.tasks.done !== tasks) throw new Error(`${name}: ${JSON.stringify(view)}`)
  return { ms, run }
}

import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client, RunDetailsView, TaskView } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'
import { RealMesh } from '../../support/real-mesh.ts'
import type { Example, ObservedRun } from './example.ts'
import { exampleFile } from './observe-locally.ts'

/** Three peers, of which two are made for some work besides. */
const QUEUES = { alpha: 'task,graph', beta: 'task', gamma: 'task,high-memory' }
/** The slowest example takes a second. */
const RUN_WITHIN_MS = 60_000
/** What a task printed last comes to the disk a moment after its end. */
const SEEN_WITHIN_MS = 5000

/** `ledger` as for `lf node --ledger`. */
export async function startExampleMesh(ledger?: string): Promise<RealMesh> {
  const mesh = await RealMesh.start([], ledger === undefined ? {} : { ledger })
  const starts = Object.entries(QUEUES).map(([name, queues]) => mesh.startPeer(name, { args: ['--queues', queues] }))
  // All are waited for: one that is still starting when another has failed would be forgotten.
  for (const start of await Promise.allSettled(starts)) {
    if (start.status === 'fulfilled') continue
    await mesh.close()
    throw start.reason
  }
  return mesh
}

export interface MeshObservation {
  run: string
  tasks: number
  /** Names of the peers that took part. */
  peers: string[]
  /** Of the run, by its ledger. */
  durationMs: number
}

/** Submits an example, waits for its end and looks at it. Throws what is not as it must be. */
export async function observeOnMesh(mesh: RealMesh, example: Example, signal: AbortSignal): Promise<MeshObservation> {
  const { client, home } = mesh
  const file = exampleFile(example.name)
  const { refuses } = example
  if (refuses !== undefined) {
    await assert.rejects(client.start(file, { args: refuses.args }), { code: refuses.code, message: refuses.message })
  }
  const folder = join(home, 'examples', `${example.name}${example.keepData === true ? '-kept' : ''}`)
  await mkdir(folder, { recursive: true })
  await example.prepare?.(folder)
  const { queue, keepData } = example
  const args = example.args?.(folder) ?? {}
  const { run } = await client.start(file, { args, ...(queue === undefined ? {} : { queue }), keepData })
  const within = AbortSignal.any([signal, AbortSignal.timeout(RUN_WITHIN_MS)])
  const dags = async (): Promise<number> => (await client.show(run)).dags.length
  await example.meanwhile?.({ folder, stop: () => void client.stop(run), dags })
  await client.wait(run, { signal: within })
  signal.throwIfAborted()
  const details = await client.show(run)
  assert.notEqual(details.state, 'running', `${run} has not ended within ${RUN_WITHIN_MS} ms`)
  await eventually(async () => {
    await example.see(await observed(mesh, details, folder))
    return true
  }, SEEN_WITHIN_MS)
  const ran = details.dags.flatMap(({ tasks }) => tasks.flatMap(({ history }) => history.map(({ peer }) => peer)))
  const tasks = details.dags.reduce((sum, dag) => sum + dag.tasks.length, 0)
  return { run, tasks, peers: [...new Set(ran)].toSorted(), durationMs: details.durationMs ?? 0 }
}

async function observed({ client }: RealMesh, details: RunDetailsView, folder: string): Promise<ObservedRun> {
  const tasks = details.dags.flatMap(({ dag, tasks: views }) => views.map(view => ({ dag, ...view })))
  return {
    folder,
    state: details.state,
    error: details.error,
    dags: details.dags.map(({ dag, state }) => ({ dag, state })),
    tasks,
    lines: await linesInOrder(client, details.run, tasks),
    isMesh: true,
    data: async task => (await client.results(details.run, task))[0]?.data ?? {},
    stored: async path => (await client.stored(details.run, path)).value,
  }
}

async function linesInOrder(
  client: Client,
  run: string,
  tasks: readonly (TaskView & { dag: string })[],
): Promise<string[]> {
  const linesOf = new Map<string, string[]>(
    tasks
      .toSorted((a, b) => (a.startedAt ?? '').localeCompare(b.startedAt ?? ''))
      .map(({ dag, task }) => [`${dag}/${task}`, []]),
  )
  for await (const { dag, task, line } of client.logs(run)) linesOf.get(`${dag}/${task}`)?.push(line)
  return Array.from(linesOf.values()).flat()
}

/** A run whose first task is done on a peer that then dies for good, with all that it held; only then the second task finds a peer. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PeerProcess } from '../../../cli/demo/peer-process.ts'
import type { Client } from '../../../src/index.ts'
import { eventually } from '../../support/eventually.ts'

export interface LostPayloadsParts {
  root: string
  client: Client
  /** Of every `lf node`. */
  args: readonly string[]
  homeOf: (peer: string) => string
  /** What the dead peer held is gone. */
  forget: (peer: string) => Promise<void>
}

const WAIT_MS = 90_000

export class LostPayloads {
  readonly #parts: LostPayloadsParts
  readonly #peers: PeerProcess[] = []

  constructor(parts: LostPayloadsParts) {
    this.#parts = parts
  }

  async showMadeAgain(): Promise<void> {
    const { client } = this.#parts
    const run = await this.#runLosing('idempotent')
    const end = await client.wait(run, { signal: AbortSignal.timeout(WAIT_MS) })
    assert.equal(end.state, 'succeeded', JSON.stringify(await client.show(run)))
    // Made by the second attempt, which the other peer made.
    const [result] = await client.results(run)
    assert.deepEqual(result?.data, { maker: 'beta', sum: 2 * 100_000 })
  }

  async showFailed(): Promise<void> {
    const { client } = this.#parts
    const run = await this.#runLosing('exclusive')
    const end = await client.wait(run, { signal: AbortSignal.timeout(WAIT_MS) })
    assert.equal(end.state, 'failed')
    const { dags } = await client.show(run)
    const tasks = dags.flatMap(dag => dag.tasks)
    const [make, use] = ['make', 'use'].map(name => tasks.find(({ task }) => task.endsWith(name)))
    assert.equal(use?.error?.code, 'LF_PAYLOAD_LOST')
    assert.match(use.error.message, /^The payload [0-9a-f]{12} \(\d+ bytes\) cannot be had from anybody/)
    assert.match(use.error.message, /"make", which made it on peer "alpha", is exclusive and must not run twice/)
    assert.deepEqual([make?.state, make?.attempts], ['done', 1])
  }

  /** The other peer was asked to keep a copy before the task was done. */
  async showOutlived(): Promise<void> {
    const { client } = this.#parts
    await this.#start('gamma', 'nothing')
    const run = await this.#runLosing('exclusive', 2)
    const end = await client.wait(run, { signal: AbortSignal.timeout(WAIT_MS) })
    assert.equal(end.state, 'succeeded', JSON.stringify(await client.show(run)))
    const [made] = (await client.show(run)).dags.flatMap(dag => dag.tasks)
    assert.deepEqual([made?.attempts, made?.copies?.wanted], [1, 2])
    // Who has fetched it since holds it too.
    assert.ok((made?.copies?.held ?? 0) >= 2)
  }

  async close(): Promise<void> {
    await Promise.all(this.#peers.map(peer => peer.stop()))
    await this.#parts.client.close()
  }

  async #runLosing(effect: string, replicas = 1): Promise<string> {
    const { client, root, forget } = this.#parts
    const alpha = await this.#start('alpha', 'making')
    const file = join(root, `${effect}.ts`)
    await writeFile(file, workflow(effect, replicas))
    const { run } = await client.start(file)
    await eventually(async () => (await client.run(run)).tasks.done === 1, WAIT_MS)
    alpha.kill('SIGKILL')
    await alpha.stop()
    await forget('alpha')
    await this.#start('beta', 'making,using')
    return run
  }

  async #start(name: string, queues: string): Promise<PeerProcess> {
    const { args, homeOf } = this.#parts
    const { process: peer } = await PeerProcess.start({
      name,
      home: homeOf(name),
      capacity: 1,
      args: ['--no-mdns', '--queues', queues, ...args],
      env: { ...process.env, NO_COLOR: '1' },
    })
    this.#peers.push(peer)
    return peer
  }
}

function workflow(effect: string, replicas: number): string {
  return `/** What one peer made is used by another one. */
import { Dag, FunctionTask } from 'lightflow'
const make = new FunctionTask('make', ({ data, context }) => {
  data.set('maker', context.peerName)
  data.set('frame', new Float64Array(100_000).fill(context.attempt))
}, { queue: 'making', effect: '${effect}', replicas: ${replicas} })
const use = new FunctionTask('use', ({ data }) => {
  const frame = data.get('frame')
  data.delete('frame')
  data.set('sum', frame.reduce((sum, value) => sum + value, 0))
}, { queue: 'using' })
export const scan = new Dag('scan').define([[make, use]])
`
}

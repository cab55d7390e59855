import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { RealMesh } from '../../support/real-mesh.ts'
import { runLf } from '../../support/run-lf.ts'
import { endAll, spawnLf } from '../support/spawn-lf.ts'

/** Each task ends when its file appears, so that the test decides how long it takes. */
const GATED = `/** Waits at a gate. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Dag, FunctionTask, Option, Parameters } from 'lightflow'
export const options = new Parameters([new Option('gate', { type: 'str' })])
const wait = async ({ store, signal }) => {
  const gate = await store.get('gate')
  while (!existsSync(gate) && !signal.abort.aborted) await delay(20)
}
export const main = new Dag('main')
main.define([new FunctionTask('careful', wait, { effect: 'exclusive' }), new FunctionTask('easy', wait, { effect: 'pure' })])
`

describe('a peer that an operator sends away', function () {
  this.timeout(60_000)
  let mesh: RealMesh

  afterEach(async () => {
    endAll()
    await mesh?.close()
  })

  async function startGated(): Promise<{ run: string; open: () => Promise<void> }> {
    const file = join(mesh.home, 'gated.ts')
    const gate = join(mesh.home, 'gate')
    await writeFile(file, GATED)
    const { run } = await mesh.client.start(file, { args: { gate } })
    await eventually(async () => (await mesh.client.run(run)).tasks.claimed === 2)
    return { run, open: () => writeFile(gate, '') }
  }

  it('finishes what runs when it is drained, leaves and says why, and the waiting command tells it', async () => {
    mesh = await RealMesh.start(['alpha'])
    const { run, open } = await startGated()
    const asked = await runLf(['mesh', 'drain', 'alpha', '--json'], mesh)
    assert.equal(asked.code, 0, asked.stderr)
    const drain = JSON.parse(asked.stdout)
    assert.deepEqual([drain.name, drain.state, drain.running.length], ['alpha', 'draining', 2])
    assert.deepEqual(drain.unservedQueues, ['task'])
    await eventually(async () => (await mesh.client.meshStatus()).peers[0]?.state === 'draining')
    const waiting = spawnLf(['mesh', 'drain', mesh.peer('alpha').name, '--wait'], { env: { LF_HOME: mesh.home } })
    await eventually(() => /2 tasks still run/.test(waiting.stderr()))
    assert.ok(mesh.peer('alpha').running, 'it waits for its tasks')
    await open()
    assert.equal(await waiting.ended, 0)
    assert.match(waiting.stdout(), /^alpha has left$/m)
    assert.equal(await mesh.peer('alpha').exited(), 0)
    assert.match(mesh.peer('alpha').errorText, /draining, as \S+ asked: 2 tasks to finish/)
    assert.equal((await mesh.client.run(run)).state, 'succeeded')
    const again = await runLf(['mesh', 'drain', 'alpha', '--json'], mesh)
    assert.deepEqual([again.code, JSON.parse(again.stdout).state], [0, 'left'], 'who asks twice has what he wants')
    const late = await runLf(['mesh', 'evict', 'alpha', '--yes', '--json'], mesh)
    assert.equal(late.code, 1)
    assert.equal(JSON.parse(late.stdout).error.code, 'LF_PEER_GONE')
    assert.match(JSON.parse(late.stdout).error.message, /left in order/)
    assert.match(JSON.parse(late.stdout).error.hint, /when a peer is alive, and none is/)
  })

  it('ends with exit code 1 when it is evicted, loses what is exclusive and does not come back', async () => {
    mesh = await RealMesh.start(['alpha'])
    const { run } = await startGated()
    const unsure = await runLf(['mesh', 'evict', 'alpha', '--json'], mesh)
    assert.equal(unsure.code, 2)
    assert.match(unsure.stdout, /--yes/)
    const evicted = await runLf(['mesh', 'evict', 'alpha', '--yes', '--json'], mesh)
    assert.equal(evicted.code, 0, evicted.stderr)
    const { tasks } = JSON.parse(evicted.stdout) as { tasks: { task: string; state: string }[] }
    assert.deepEqual(Object.fromEntries(tasks.map(({ task, state }) => [task, state])), {
      'main:1/careful': 'lost',
      'main:1/easy': 'ready',
    })
    assert.equal(await mesh.peer('alpha').exited(), 1)
    assert.match(mesh.peer('alpha').errorText, /this peer was evicted/)
    const { peers } = await mesh.client.meshStatus()
    assert.deepEqual(
      peers.map(({ name, state, deathProof }) => [name, state, deathProof]),
      [['alpha', 'dead', 'evicted']],
    )
    assert.equal((await mesh.client.run(run)).tasks.lost, 1)
  })

  it('is unknown, with a suggestion, when its name is wrong', async () => {
    mesh = await RealMesh.start(['alpha'])
    const { code, stdout } = await runLf(['mesh', 'drain', 'alpa', '--json'], mesh)
    assert.equal(code, 1)
    assert.deepEqual(JSON.parse(stdout).error, {
      code: 'LF_UNKNOWN_PEER',
      message: 'There is no peer "alpa" in this mesh.',
      hint: 'Did you mean alpha?',
    })
  })
})

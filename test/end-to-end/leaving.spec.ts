import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { RealMesh } from '../support/real-mesh.ts'

/** A task that no signal reaches: its thread waits inside the operating system. */
const STUCK = `/** Sits in a system call. */
import { execSync } from 'node:child_process'
import { Dag, FunctionTask } from 'lightflow'
export const main = new Dag('main')
main.define([new FunctionTask('stuck', () => void execSync('sleep 100'))])
`
/** Signals that come closer together count as one: see `StopSignals`. */
const APART_MS = 400

describe('a peer that is to leave', function () {
  this.timeout(60_000)
  let mesh: RealMesh

  afterEach(() => mesh?.close())

  it('leaves at the second signal, also when a task sits in a system call', async () => {
    mesh = await RealMesh.start(['alpha'])
    const file = join(mesh.home, 'stuck.ts')
    await writeFile(file, STUCK)
    const { run } = await mesh.client.start(file)
    await eventually(async () => (await mesh.client.run(run)).tasks.claimed)
    const alpha = mesh.peer('alpha')
    alpha.kill('SIGTERM')
    await delay(APART_MS)
    assert.ok(alpha.running, 'the first signal lets the task finish')
    alpha.kill('SIGTERM')
    assert.equal(await alpha.exited(), 143)
    assert.deepEqual((await mesh.client.run(run)).tasks, { ready: 1 }, 'the task was given back')
  })

  it('does not outlive the process that the user started, when an old Node began it', async () => {
    mesh = await RealMesh.start([])
    // What `bin/lf.js` does on an old Node: the real peer is a child with a channel to it.
    const env = { ...process.env, LF_HOME: mesh.home, LF_REEXECUTED: '1' }
    const starter = spawn(
      process.execPath,
      [
        '-e',
        `require('node:child_process').spawn(process.execPath, ${JSON.stringify([resolve('bin/lf.js'), 'node', '--no-mdns'])}, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })`,
      ],
      { env, stdio: 'ignore' },
    )
    try {
      await eventually(
        async () => (await mesh.client.meshStatus().catch(() => undefined))?.peers[0]?.state === 'alive',
        20_000,
      )
    } finally {
      starter.kill('SIGKILL')
    }
    await eventually(async () => (await mesh.client.meshStatus()).peers[0]?.state === 'dead')
  })
})

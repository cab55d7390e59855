import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { RealMesh } from '../support/real-mesh.ts'
import { runLf } from '../support/run-lf.ts'

const SCAN = `/** Moves a motor. */
import { Dag, FunctionTask } from 'lightflow'
const move = new FunctionTask('move', async ({ context, signal }) => {
  if (context.attempt === 1) await new Promise(resolve => signal.abort.addEventListener('abort', resolve))
}, { effect: 'exclusive' })
export const main = new Dag('main')
main.define([move])
`

describe('an exclusive task whose peer was killed', function () {
  this.timeout(60_000)
  let mesh: RealMesh

  afterEach(() => mesh?.close())

  it('is lost, waits for a person, and goes on as that person decides', async () => {
    mesh = await RealMesh.start(['alpha', 'beta'])
    const file = join(mesh.home, 'scan.ts')
    await writeFile(file, SCAN)
    const { run } = await mesh.client.start(file)
    const owner = await eventually(async () => {
      const details = await mesh.client.show(run)
      const task = details.dags[0]?.tasks[0]
      return task?.state === 'claimed' && task.peer
    })
    mesh.peer(owner).kill('SIGKILL')
    await eventually(async () => (await mesh.client.run(run)).tasks.lost === 1)
    const undecided = await runLf(['workflow', 'resolve', run, 'move'], mesh)
    assert.equal(undecided.code, 2)
    const decided = await runLf(['workflow', 'resolve', run, 'move', '--run-again'], mesh)
    assert.equal(decided.code, 0, decided.stderr)
    assert.equal((await mesh.client.wait(run, { signal: AbortSignal.timeout(30_000) })).state, 'succeeded')
    const again = await runLf(['workflow', 'resolve', run, 'move', '--give-up', '--json'], mesh)
    assert.match(again.stdout, /LF_TASK_NOT_LOST/)
  })
})

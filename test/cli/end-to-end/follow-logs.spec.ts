import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { RealMesh } from '../../support/real-mesh.ts'
import { endAll, spawnLf } from '../support/spawn-lf.ts'

const TALKING = `/** Says something before and after a gate. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Dag, FunctionTask, Option, Parameters } from 'lightflow'
export const options = new Parameters([new Option('gate', { type: 'str' })])
const talk = new FunctionTask('talk', async ({ store }) => {
  console.log('before')
  const gate = await store.get('gate')
  while (!existsSync(gate)) await delay(20)
  console.log('after')
})
export const main = new Dag('main')
main.define([talk])
`

describe('lf workflow logs -f', function () {
  this.timeout(60_000)
  let mesh: RealMesh

  afterEach(async () => {
    endAll()
    await mesh?.close()
  })

  it('prints lines while their task runs, ends with the run, and refuses a task that the run does not have', async () => {
    mesh = await RealMesh.start(['alpha'])
    const file = join(mesh.home, 'talking.ts')
    const gate = join(mesh.home, 'gate')
    await writeFile(file, TALKING)
    const { run } = await mesh.client.start(file, { args: { gate } })
    const env = { LF_HOME: mesh.home }
    const wrong = spawnLf(['workflow', 'logs', '-f', run, 'tlak', '--json'], { env })
    const following = spawnLf(['workflow', 'logs', '-f', run, 'talk'], { env })
    const left = spawnLf(['workflow', 'logs', '-f', run], { env })
    await eventually(() => following.stdout() === 'before\n', 20_000)
    await eventually(() => /before/.test(left.stdout()), 20_000)
    left.child.kill('SIGINT')
    assert.equal(await left.ended, 130)
    await writeFile(gate, '')
    assert.equal(await following.ended, 0)
    assert.equal(following.stdout(), 'before\nafter\n')
    assert.equal(await wrong.ended, 1)
    assert.equal(JSON.parse(wrong.stdout()).error.code, 'LF_UNKNOWN_TASK')
  })
})

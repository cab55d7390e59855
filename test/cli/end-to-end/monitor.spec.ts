import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { RealMesh } from '../../support/real-mesh.ts'
import { endAll, spawnLf } from '../support/spawn-lf.ts'

const MIXED = `/** One of each outcome. */
import { Action, Dag, FunctionTask, StopTask } from 'lightflow'
const choose = new FunctionTask('choose', ({ data }) => new Action(data, { limit: ['flaky', 'stopper'] }))
const flaky = new FunctionTask('flaky', ({ context }) => { if (context.attempt < 2) throw new Error('no beam') }, { retries: 1 })
const stopper = new FunctionTask('stopper', () => { throw new StopTask('enough') })
const never = new FunctionTask('never', () => {})
const wrong = new FunctionTask('wrong', () => { throw new Error('broken') })
export const main = new Dag('main')
main.define([[choose, flaky], [choose, stopper], [choose, never], [flaky, wrong]])
`

const FIRST = `import { Dag, FunctionTask } from 'lightflow'
export const main = new Dag('main')
main.define([[new FunctionTask('nothing', () => {})]])
`

interface Event {
  event: string
  task?: string
  run?: string
  peer?: string
  at: string
}

describe('lf monitor', function () {
  this.timeout(60_000)
  let mesh: RealMesh

  afterEach(async () => {
    endAll()
    await mesh?.close()
  })

  it('tells every outcome of a run, the coming and going of peers, and ends with 130 at Ctrl-C', async () => {
    mesh = await RealMesh.start(['alpha', 'beta'])
    const env = { LF_HOME: mesh.home }
    const monitor = spawnLf(['monitor', '--json'], { env })
    const watching = spawnLf(['monitor', '--errors'], { env })
    const events = (): Event[] =>
      monitor
        .stdout()
        .split('\n')
        .filter(line => line.endsWith('}'))
        .map(line => JSON.parse(line) as Event)
    const has = (event: string, about?: string) =>
      events().some(
        one => one.event === event && (about === undefined || [one.task, one.peer, one.run].includes(about)),
      )
    await eventually(() => /2 peers alive, no run under way/.test(watching.stderr()))
    // Tasks as a watcher finds them at its first look are the past to it, and with --json it does not say when it begins: by a first run it does.
    const first = join(mesh.home, 'first.ts')
    await writeFile(first, FIRST)
    const { run: firstRun } = await mesh.client.start(first)
    await eventually(() => has('run-ended', firstRun), 20_000)
    const file = join(mesh.home, 'mixed.ts')
    await writeFile(file, MIXED)
    const { run } = await mesh.client.start(file)
    await eventually(() => has('run-ended', run), 20_000)
    const told = events()
      .filter(event => event.run === run && event.event.startsWith('task-'))
      .map(({ event, task }) => `${event.replace('task-', '')} ${task}`)
    assert.deepEqual(told.toSorted(), [
      'failed wrong',
      'queued choose',
      'queued flaky',
      'queued stopper',
      'queued wrong',
      'retried flaky',
      'skipped never',
      'started choose',
      'started flaky',
      'started flaky',
      'started stopper',
      'started wrong',
      'stopped stopper',
      'succeeded choose',
      'succeeded flaky',
    ])
    mesh.peer('alpha').kill('SIGKILL')
    await eventually(() => has('peer-dead', 'alpha'))
    await mesh.peer('beta').stop()
    await eventually(() => has('peer-left', 'beta'))
    monitor.child.kill('SIGINT')
    assert.equal(await monitor.ended, 130)
    await eventually(() => /dead +alpha/.test(watching.stdout()))
    watching.child.kill('SIGINT')
    assert.equal(await watching.ended, 130)
    assert.match(watching.stdout(), /failed +\S+main:1\/wrong +\w+ .*broken/)
    assert.doesNotMatch(watching.stdout(), /succeeded|queued|left/)
  })

  it('follows one run to its end, also from before it was asked, with no peer alive', async () => {
    mesh = await RealMesh.start([])
    const file = join(mesh.home, 'mixed.ts')
    await writeFile(file, MIXED)
    const { run } = await mesh.client.start(file)
    const other = await mesh.client.start(file)
    const monitor = spawnLf(['monitor', '--run', run, '--since', '1h'], { env: { LF_HOME: mesh.home } })
    await eventually(() => /queued +\S+choose/.test(monitor.stdout()))
    await mesh.client.stop(run)
    assert.equal(await monitor.ended, 0)
    assert.match(monitor.stdout(), /run stopped/)
    assert.ok(!monitor.stdout().includes(other.run), 'no line of another run')
  })
})

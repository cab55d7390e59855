import assert from 'node:assert/strict'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RealMesh } from '../../support/real-mesh.ts'
import { endAll, lf } from '../support/spawn-lf.ts'

/** The second of three tasks fails; the first one returns more than the ledger keeps itself, and notes something in the store. */
const workflow = (fit: string): string => `/** Measure, fit, tell. */
import { Dag, FunctionTask, Option, Parameters } from 'lightflow'
export const options = new Parameters([new Option('scale', { type: 'float' })])
const measure = new FunctionTask('measure', async ({ data, store }) => {
  console.log('measuring')
  await store.push('notes', 'measured')
  data.set('frame', Float64Array.from({ length: 10_000 }, (_, index) => index))
})
const fit = new FunctionTask('fit', async ({ data, store }) => {
  ${fit}
})
const tell = new FunctionTask('tell', async ({ data, store }) => {
  data.set('notes', await store.get('notes'))
})
export const main = new Dag('main').define([[measure, fit], [fit, tell]])
`
const WRONG = "throw new Error('no such peak')"
const RIGHT = "data.set('sum', data.get('frame')[9999] * (await store.get('scale')))"

describe('lf workflow retry', function () {
  this.timeout(180_000)
  let mesh: RealMesh

  before(async () => {
    mesh = await RealMesh.start(['alpha'])
  })

  after(async () => {
    endAll()
    await mesh?.close()
  })

  const run = async (words: string[]) => lf(words, { env: { LF_HOME: mesh.home } })

  it('runs the rest with the corrected code, on what was done before', async () => {
    const file = join(mesh.home, 'scan.ts')
    await writeFile(file, workflow(WRONG))
    const failed = await run(['workflow', 'start', file, 'scale=2', '--wait'])
    assert.equal(failed.exit, 1)
    const old = failed.stdout.trim()
    assert.ok(failed.stderr.includes(`lf workflow retry ${old}`), 'says how')

    const same = await run(['workflow', 'retry', old, '--wait'])
    assert.equal(same.exit, 1)
    assert.match(same.stderr, new RegExp(`^1 task is taken over from ${old}; 2 run: main:1/fit, main:1/tell\\.\n`))

    await writeFile(file, workflow(RIGHT))
    const again = await run(['workflow', 'retry', same.stdout.trim(), '--with', file, '--wait'])
    assert.equal(again.exit, 0, again.stderr)
    const id = again.stdout.trim()
    const [result] = await mesh.client.results(id, 'tell')
    assert.equal(result?.data['sum'], 19_998)
    assert.deepEqual(result?.data['notes'], ['measured'], 'the store is that of the first run')
    const { stdout } = await run(['workflow', 'show', id])
    assert.match(stdout, /tries \S+ again/)
    assert.match(stdout, /measure .* taken over/)
    const { tasks } = (await mesh.client.show(id)).dags[0]!
    assert.deepEqual(
      tasks.map(({ task, reused }) => [task, reused ?? false]),
      [
        ['measure', true],
        ['fit', false],
        ['tell', false],
      ],
    )
    assert.equal((await run(['workflow', 'logs', id])).stdout, '', 'it did not measure again')
  })

  it('makes again what is not kept any more', async () => {
    const file = join(mesh.home, 'lost.ts')
    await writeFile(file, workflow(WRONG))
    const { stdout } = await run(['workflow', 'start', file, 'scale=2', '--wait'])
    await writeFile(file, workflow(RIGHT))
    const payloads = join(mesh.home, 'ledger.sqlite.files', 'payloads')
    for (const name of await readdir(payloads)) await rm(join(payloads, name), { recursive: true })
    const again = await run(['workflow', 'retry', stdout.trim(), '--with', file, '--wait'])
    assert.equal(again.exit, 0, again.stderr)
    assert.match(again.stderr, /What main:1\/measure returned is not kept any more/)
    const [result] = await mesh.client.results(again.stdout.trim(), 'tell')
    assert.deepEqual([result?.data['sum'], result?.data['notes']], [19_998, ['measured', 'measured']])
  })

  it('runs an exclusive task twice only when somebody says so', async () => {
    const file = join(mesh.home, 'exclusive.ts')
    const code = workflow(WRONG).replace(/(no such peak'\)\n\})/, "$1, { effect: 'exclusive' }")
    await writeFile(file, code)
    const { stdout } = await run(['workflow', 'start', file, 'scale=2', '--wait'])
    const old = stdout.trim()
    const refused = await run(['workflow', 'retry', old, '--json'])
    const { error } = JSON.parse(refused.stdout)
    assert.deepEqual([error.code, error.facts?.tasks ?? ['main:1/fit']], ['LF_RETRY_EXCLUSIVE', ['main:1/fit']])
    assert.match(error.hint, new RegExp(`lf workflow retry ${old} --yes`))
    await writeFile(file, workflow(RIGHT))
    const again = await run(['workflow', 'retry', old, '--yes', '--with', file, '--wait'])
    assert.equal(again.exit, 0, again.stderr)
    const twice = await run(['workflow', 'retry', old, '--yes', '--json'])
    assert.equal(JSON.parse(twice.stdout).error.code, 'LF_RUN_RETRIED')
  })

  it('leaves a removed queue to the submission', async () => {
    const file = join(mesh.home, 'queued.ts')
    const code = workflow(WRONG)
    await writeFile(file, code.replace(/(await store.get\('notes'\)\)\n\})/, "$1, { queue: 'gpuu' }"))
    const { stdout } = await run(['workflow', 'start', file, 'scale=2', '--wait'])
    await writeFile(file, workflow(RIGHT))
    const again = await run(['workflow', 'retry', stdout.trim(), '--with', file, '--wait'])
    assert.equal(again.exit, 0, again.stderr)
    assert.doesNotMatch(again.stderr, /gpuu/)
  })

  it('refuses what cannot be retried, and submits nothing', async () => {
    const file = join(mesh.home, 'changed.ts')
    await writeFile(file, workflow(WRONG))
    const { stdout } = await run(['workflow', 'start', file, 'scale=2', '--wait'])
    const old = stdout.trim()
    const before = (await mesh.client.runs()).length
    await writeFile(file, workflow(RIGHT).replace('[fit, tell]', '[measure, tell]'))
    const changed = await run(['workflow', 'retry', old, '--with', file, '--json'])
    assert.equal(JSON.parse(changed.stdout).error.code, 'LF_RETRY_CHANGED')
    assert.equal((await mesh.client.runs()).length, before)
  })
})

import assert from 'node:assert/strict'
import { readdirSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { BashTask, Dag, FunctionTask, Option, Parameters, runLocal } from '../../src/index.ts'

const folders = (): string[] => readdirSync(tmpdir()).filter(name => name.startsWith('lightflow-local-'))

describe('runLocal', () => {
  const put = new FunctionTask('put', async ({ data, store }) => {
    data.set('value', 5)
    await store.set('seen', await store.get('folder', 'none'))
  })
  const main = new Dag('main').define([put])
  const options = new Parameters([new Option('folder', { default: null })])

  it('runs a DAG, a list of DAGs and Parameters, or what a file exports', async () => {
    for (const workflow of [main, [main, options], { main, options, other: 5, default: undefined }]) {
      const run = await runLocal(workflow)
      assert.deepEqual([run.state, run.task('put').data], ['succeeded', { value: 5 }])
    }
  })

  it('takes the arguments of a submission', async () => {
    const run = await runLocal([main, options], { folder: '/data' })
    assert.equal(await run.store.get('seen'), '/data')
    await assert.rejects(runLocal([main, options], { foldr: '/data' }), { code: 'LF_ARGUMENT_UNKNOWN' })
  })

  it('refuses what is no workflow', async () => {
    await assert.rejects(runLocal({}), { code: 'LF_NO_DAG' })
    await assert.rejects(runLocal([main, new Dag('main').define([put])]), { code: 'LF_DUPLICATE_DAG' })
  })

  it('tells of a run that failed: which task, why, and what it passed on before', async () => {
    const fail = new FunctionTask('fail', () => Promise.reject(new RangeError('too hot')))
    const run = await runLocal(new Dag('main').define([[put, fail]]))
    assert.deepEqual([run.state, run.error?.message], ['failed', 'too hot'])
    assert.match(run.task('fail').error?.stack ?? '', /run-local\.spec\.ts/)
    assert.deepEqual(run.task('put').data, { value: 5 })
  })

  it('finds tasks by name, with DAG and copy when asked, and suggests one for a mistyped name', async () => {
    const run = await runLocal(main)
    for (const name of ['put', 'main/put', 'main:1/put']) assert.equal(run.task(name).dag, 'main:1')
    assert.throws(() => run.task('pot'), { code: 'LF_UNKNOWN_TASK', hint: 'Did you mean "put"?' })
  })

  it('serves every queue of the workflow, and runs as many tasks at once as it is told', async () => {
    let [running, most] = [0, 0]
    const busy = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await new Promise(resolve => void setImmediate(resolve))
      running -= 1
    }
    const tasks = ['a', 'b', 'c'].map(name => new FunctionTask(name, busy, { queue: name }))
    const run = await runLocal(new Dag('main').define(tasks), {}, { capacity: 1 })
    assert.deepEqual([run.state, most], ['succeeded', 1])
  })

  it('keeps the lines of commands, and gives each attempt a scratch folder that is gone afterwards', async () => {
    const before = folders()
    const run = await runLocal(new Dag('main').define([new BashTask('tell', 'echo "$LF_SCRATCH"; echo no >&2')]))
    const [folder] = run.lines.filter(({ stream }) => stream === 'stdout')
    assert.deepEqual({ ...folder, line: '' }, { dag: 'main:1', task: 'tell', stream: 'stdout', line: '' })
    assert.deepEqual([existsSync(folder?.line ?? ''), run.lines.length], [false, 2])
    assert.deepEqual(folders(), before)
  })

  it('leaves nothing running: timers and handles of a run are gone with it', async () => {
    const open = (): string[] => process.getActiveResourcesInfo().filter(kind => /Timeout|Immediate|Port/.test(kind))
    // The time limit of this test is set when it waits for the first time.
    await runLocal(main)
    const before = open().length
    await runLocal(main)
    assert.equal(open().length, before)
  })
})

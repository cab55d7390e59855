/** What was wrong with the original and must not come back: defects of running workflows. Those of commands are in `commands.spec.ts`. */
import assert from 'node:assert/strict'
import {
  AbortWorkflow,
  Action,
  Dag,
  FunctionTask,
  Option,
  Parameters,
  runLocal,
  type TaskCall,
} from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { MemoryPeers, dagPlan, taskPlan } from '../support/memory-peers.ts'

const nothing = (name: string): FunctionTask => new FunctionTask(name, () => {})
const failing = (name: string): FunctionTask => new FunctionTask(name, () => Promise.reject(new Error('no peaks')))

describe('defects of the original, in workflows', () => {
  it('defect 1: a task that failed does not count as finished: its join does not run, and DAG and run have failed', async () => {
    let joined = false
    const join = new FunctionTask('join', () => void (joined = true))
    const run = await runLocal(
      new Dag('main').define([
        [failing('lane1'), join],
        [nothing('lane2'), join],
      ]),
    )
    assert.deepEqual([joined, run.task('join').state], [false, 'cancelled'])
    assert.deepEqual([run.dags[0]?.state, run.state, run.error?.message], ['failed', 'failed', 'no peaks'])
  })

  it('defect 2: a task that is forced to run gets one empty dataset when all its predecessors were skipped', async () => {
    let seen: unknown
    const choose = new FunctionTask('choose', ({ data }) => new Action(data, { limit: [] }))
    const [lane, quiet] = [nothing('lane'), new FunctionTask('quiet', () => {}, { propagateSkip: false })]
    const forced = new FunctionTask(
      'forced',
      ({ data }) => {
        seen = [data.size, data.keys()]
        data.set('x', 1)
      },
      { forceRun: true },
    )
    const afterQuiet = new FunctionTask('after_quiet', ({ data }) => data.set('y', data.size))
    const run = await runLocal(
      new Dag('main').define([
        [choose, [lane, quiet]],
        [lane, forced],
        [quiet, afterQuiet],
      ]),
    )
    assert.deepEqual([run.state, seen, run.task('forced').data], ['succeeded', [1, []], { x: 1 }])
    assert.deepEqual([run.task('after_quiet').state, run.task('after_quiet').data], ['done', { y: 1 }])
  })

  it('defect 3: a plain exception is told as an event, and its attempt has an end', async () => {
    const peers = new MemoryPeers()
    try {
      const { supervisor } = await peers.add('one', () => Promise.reject(new Error('no peaks')))
      const events: unknown[] = []
      supervisor.events.on('task:ended', ({ task, state, error }) => void events.push([task, state, error?.message]))
      await peers.submit('run', [dagPlan('main', [taskPlan('a')])])
      const task = await eventually(async () => {
        const record = await peers.ledger.task('run/main:1/a')
        return record?.state === 'failed' ? record : null
      })
      await eventually(() => events.length > 0)
      assert.deepEqual(events, [['run/main:1/a', 'failed', 'Error: no peaks']])
      assert.deepEqual([typeof task.endedAt, typeof task.history[0]?.endedAt], ['number', 'number'])
    } finally {
      await peers.close()
    }
  })

  it('defect 4: starting a DAG that is not there is an error of the task, which may go on', async () => {
    let code: unknown
    const ask = new FunctionTask('ask', async ({ signal }) => {
      code = await signal.startDag('no_such_dag').catch((error: { code: string }) => error.code)
    })
    const run = await runLocal(new Dag('main').define([[ask, nothing('after')]]))
    assert.deepEqual([code, run.state, run.task('after').state], ['LF_UNKNOWN_DAG', 'succeeded', 'done'])
  })

  it('defect 5: an argument of a wrong type is refused at submission', async () => {
    let ran = false
    const workflow = [
      new Dag('main').define([new FunctionTask('a', () => void (ran = true))]),
      new Parameters([new Option('iterations', { type: 'int' })]),
    ]
    await assert.rejects(runLocal(workflow, { iterations: 'abc' }), {
      code: 'LF_ARGUMENT_TYPE',
      message: /"iterations" is "abc" and should be a whole number/,
    })
    assert.equal(ran, false)
  })

  it('defect 6: the store gives the default for a key that is not there, and only then', async () => {
    let seen: unknown
    const look = new FunctionTask('look', async ({ store }) => {
      await store.set('zero', 0)
      await store.set('nothing', null)
      seen = [await store.get('missing', 7), await store.get('zero', 7), await store.get<unknown>('nothing', 7)]
    })
    await runLocal(new Dag('main').define([look]))
    assert.deepEqual(seen, [7, 0, null])
  })

  it('defect 12: names with dots and $ break nothing: results, the log of the run and limits know them', async () => {
    const seen: unknown[] = []
    const dotted = new FunctionTask('fit.v2.$x', ({ data }) => data.set('value', 5))
    const choose = new FunctionTask('$choose', ({ data }) => new Action(data, { limit: ['fit.v2.$x'] }))
    const look = new FunctionTask('look', async ({ data, store }) => {
      const meta = store.section('meta')
      seen.push(data.dataset('fit.v2.$x').get('value'), await meta.get('log.main.dag:1.tasks.fit.v2.$x.state'))
    })
    const run = await runLocal(
      new Dag('main.dag').define([
        [choose, [dotted, nothing('fit')]],
        [dotted, look],
      ]),
    )
    assert.deepEqual([run.error, seen], [undefined, [5, 'done']])
    assert.deepEqual([run.task('fit.v2.$x').state, run.task('fit').state], ['done', 'skipped'])
  })

  it('defect 12: two tasks of one name are refused where they are written', () => {
    assert.throws(() => new Dag('main').define([[nothing('fit'), nothing('fit')]]), {
      code: 'LF_DUPLICATE_TASK',
      message: 'The DAG "main" has two tasks of the name "fit".',
    })
  })

  const stops: Record<string, (call: TaskCall) => Promise<void>> = {
    'its DAG': ({ signal }) => signal.stopDag(),
    'the workflow': ({ signal }) => signal.stopWorkflow(),
    'the workflow by an abort': () => Promise.reject(new AbortWorkflow('wrong sample')),
  }
  for (const [what, stop] of Object.entries(stops)) {
    it(`defect 13: once a task stops ${what}, nothing is started that was ready already`, async () => {
      const order: string[] = []
      const waiting = ['w1', 'w2', 'w3'].map(name => new FunctionTask(name, () => void order.push(name)))
      const halt = new FunctionTask('halt', stop, { priority: 1 })
      // With room for one, all of them are ready while `halt` runs.
      const run = await runLocal(new Dag('main').define([[nothing('gate'), [halt, ...waiting]]]), {}, { capacity: 1 })
      assert.deepEqual([order, run.dags[0]?.state === 'succeeded'], [[], false])
      assert.ok(waiting.every(({ name }) => run.task(name).state === 'cancelled'))
    })
  }
})

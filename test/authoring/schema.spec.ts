/** Section by section what authors write, each as a whole run. */
import assert from 'node:assert/strict'
import { Action, Dag, FunctionTask, runLocal, slot, type Task, type TaskCall } from '../../src/index.ts'

describe('authoring: DAGs and their schemas', () => {
  const seen: string[] = []
  beforeEach(() => void seen.splice(0))
  const note = (name: string): FunctionTask =>
    new FunctionTask(name, ({ data, context }) => {
      seen.push(context.taskName)
      data.set(name, true)
    })
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(note) as [FunctionTask, FunctionTask, FunctionTask, FunctionTask]

  it('runs a single edge, a fan-out, a diamond and a task alone, each task once and after its predecessors', async () => {
    const run = await runLocal(
      new Dag('main').define([
        [a, [b, c]],
        [b, d],
        [c, d],
      ]),
    )
    assert.equal(run.state, 'succeeded')
    assert.deepEqual([seen[0], seen.slice(1, 3).toSorted(), seen[3]], ['a', ['b', 'c'], 'd'])
    assert.deepEqual(run.task('d').data, { a: true, b: true, c: true, d: true })
  })

  it('takes null and [] as no children, and a task alone', async () => {
    await runLocal(new Dag('main').define([[a, null], [b, []], [c], d]))
    assert.deepEqual(seen.toSorted(), ['a', 'b', 'c', 'd'])
  })

  it('takes a Map of parents, whose children may be a Map of slots, where null and empty text are none', async () => {
    let aliases: string[] = []
    const join = new FunctionTask('join', ({ data }) => void (aliases = [...data.aliases.keys()].toSorted()))
    await runLocal(
      new Dag('main').define(
        new Map([
          [a, new Map<Task, string | null>([[join, 'first']])],
          [b, new Map<Task, string | null>([[join, '']])],
          [c, new Map<Task, string | null>([[join, null]])],
        ]),
      ),
    )
    assert.deepEqual(aliases, ['a', 'b', 'c', 'first'])
  })

  it('labels the data of an edge by a slot', async () => {
    let values: unknown
    const join = new FunctionTask('join', ({ data }) => {
      values = [data.dataset('left').taskHistory, data.dataset('b').taskHistory]
    })
    await runLocal(
      new Dag('main').define([
        [a, slot(join, 'left')],
        [b, [slot(join, 'right')]],
      ]),
    )
    assert.deepEqual(values, [['a'], ['b']])
  })

  it('gives the datasets in the order of the edges, whatever ended first', async () => {
    const order: (readonly string[])[] = []
    const slow = new FunctionTask('slow', () => new Promise(resolve => void setTimeout(resolve, 20)))
    const join = new FunctionTask('join', ({ data }) => void order.push([...data].flatMap(one => [...one.taskHistory])))
    await runLocal(
      new Dag('main').define([
        [slow, join],
        [a, join],
      ]),
    )
    assert.deepEqual(order, [['slow', 'a']])
  })

  it('starts all DAGs with autostart, and of each one a copy that is named name:1', async () => {
    const names: string[] = []
    const tell = ({ context }: TaskCall): void => void names.push(context.dagName)
    const dags = ['one', 'two'].map(name => new Dag(name).define([new FunctionTask('tell', tell)]))
    const quiet = new Dag('quiet', { autostart: false }).define([new FunctionTask('tell', tell)])
    const run = await runLocal([...dags, quiet])
    assert.deepEqual(names.toSorted(), ['one:1', 'two:1'])
    assert.deepEqual(run.dags, [
      { dag: 'one:1', state: 'succeeded' },
      { dag: 'two:1', state: 'succeeded' },
    ])
  })

  it('takes a schema in the constructor as well', async () => {
    await runLocal(new Dag('main', { schema: [[a, b]] }))
    assert.deepEqual(seen, ['a', 'b'])
  })

  it('refuses a DAG that was never defined before anything runs', async () => {
    await assert.rejects(runLocal([new Dag('main').define([a]), new Dag('other')]), { code: 'LF_DAG_UNDEFINED' })
    assert.deepEqual(seen, [])
  })

  it('tells callbacks where they are', async () => {
    let context: unknown
    await runLocal(new Dag('main').define([new FunctionTask('tell', call => void (context = { ...call.context }))]), {}, { name: 'scan' }) // oxfmt-ignore
    const { runId, peerHost, scratch, ...rest } = context as TaskCall['context']
    assert.deepEqual(rest, {
      taskName: 'tell',
      dagName: 'main:1',
      workflowName: 'scan',
      peerName: 'local',
      attempt: 1,
      epoch: 1,
    })
    assert.match(runId, /^scan-/)
    assert.ok(peerHost !== '' && scratch !== '')
  })

  it('passes on the data of an Action, and a copy of one is independent', async () => {
    const choose = new FunctionTask('choose', ({ data }) => {
      const action = new Action(data)
      data.set('x', 1)
      const copy = action.copy()
      copy.data.set('x', 2)
      return copy
    })
    assert.equal((await runLocal(new Dag('main').define([choose]))).task('choose').data['x'], 2)
  })
})

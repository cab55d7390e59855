import assert from 'node:assert/strict'
import { Action, Dag, FunctionTask, runLocal, StopTask, type TaskOptions } from '../../src/index.ts'

/** How a predecessor ends, as far as its successors care. */
const PREDECESSORS = {
  ran: () => new FunctionTask('before', () => {}),
  'ran and named it': () => new FunctionTask('before', ({ data }) => new Action(data, { limit: ['next'] })),
  'ran and left it out': () => new FunctionTask('before', ({ data }) => new Action(data, { limit: ['other'] })),
  'ran and limited to none': () => new FunctionTask('before', ({ data }) => new Action(data, { limit: [] })),
  'was stopped': () => new FunctionTask('before', () => Promise.reject(new StopTask())),
  'was stopped without skipping': () =>
    new FunctionTask('before', () => Promise.reject(new StopTask('', { skipSuccessors: false }))),
  'was skipped': () => new FunctionTask('before', () => {}),
  'was skipped without passing it on': () => new FunctionTask('before', () => {}, { propagateSkip: false }),
}

type Predecessor = keyof typeof PREDECESSORS

const RUNS: [Predecessor, TaskOptions, 'done' | 'skipped'][] = [
  ['ran', {}, 'done'],
  ['ran and named it', {}, 'done'],
  ['ran and left it out', {}, 'skipped'],
  ['ran and limited to none', {}, 'skipped'],
  ['was stopped', {}, 'skipped'],
  ['was stopped without skipping', {}, 'done'],
  ['was skipped', {}, 'skipped'],
  ['was skipped without passing it on', {}, 'done'],
  ['ran and left it out', { forceRun: true }, 'done'],
  ['was stopped', { forceRun: true }, 'done'],
  ['was skipped', { forceRun: true }, 'done'],
]

/** A DAG in which `before` ends like this, followed by `next`. */
function dagOf(predecessor: Predecessor, options: TaskOptions, body: () => void): Dag {
  const before = PREDECESSORS[predecessor]()
  const next = new FunctionTask('next', body, options)
  const other = new FunctionTask('other', () => {})
  const gate = new FunctionTask(
    'gate',
    ({ data }) => new Action(data, { limit: predecessor.startsWith('was skipped') ? [] : ['before'] }),
  )
  return new Dag('main').define([
    [gate, before],
    [before, [next, other]],
  ])
}

describe('authoring: the skip rules', () => {
  for (const [predecessor, options, state] of RUNS) {
    const forced = options.forceRun === true ? ', with forceRun' : ''
    it(`${state === 'done' ? 'run' : 'skip'} a task whose predecessor ${predecessor}${forced}`, async () => {
      let calls = 0
      const run = await runLocal(dagOf(predecessor, options, () => void calls++))
      assert.deepEqual([run.state, run.task('next').state, calls], ['succeeded', state, state === 'done' ? 1 : 0])
    })
  }

  it('run a join when any of its lanes is alive, on the data of the live lanes alone', async () => {
    let lanes: unknown
    const choose = new FunctionTask('choose', ({ data }) => new Action(data, { limit: ['one'] }))
    const [one, two] = ['one', 'two'].map(name => new FunctionTask(name, () => {})) as [FunctionTask, FunctionTask]
    const join = new FunctionTask('join', ({ data }) => void (lanes = [...data.aliases.keys()]))
    const run = await runLocal(
      new Dag('main').define([
        [choose, [one, two]],
        [one, join],
        [two, join],
      ]),
    )
    assert.deepEqual([run.task('two').state, run.task('join').state, lanes], ['skipped', 'done', ['one']])
  })

  it('skip a join when all of its lanes are skipped, and what follows it', async () => {
    const choose = new FunctionTask('choose', ({ data }) => new Action(data, { limit: [] }))
    const [one, two, join, last] = ['one', 'two', 'join', 'last'].map(name => new FunctionTask(name, () => {})) as [
      FunctionTask,
      FunctionTask,
      FunctionTask,
      FunctionTask,
    ]
    const run = await runLocal(
      new Dag('main').define([
        [choose, [one, two]],
        [one, join],
        [two, join],
        [join, last],
      ]),
    )
    assert.deepEqual(
      run.tasks.map(({ state }) => state),
      ['done', 'skipped', 'skipped', 'skipped', 'skipped'],
    )
  })

  it('call no callback of a skipped task', async () => {
    const called: string[] = []
    const choose = new FunctionTask('choose', ({ data }) => new Action(data, { limit: [] }))
    const skipped = new FunctionTask('skipped', () => void called.push('body'), {
      callbackInit: () => void called.push('init'),
      callbackFinally: () => void called.push('finally'),
    })
    await runLocal(new Dag('main').define([[choose, skipped]]))
    assert.deepEqual(called, [])
  })

  it('know limits by task and by name', async () => {
    const [lane1, lane2, lane3] = ['lane1', 'lane2', 'lane3'].map(name => new FunctionTask(name, () => {})) as [
      FunctionTask,
      FunctionTask,
      FunctionTask,
    ]
    const choose = new FunctionTask('choose', ({ data }) => new Action(data, { limit: [lane1, 'lane2'] }))
    const run = await runLocal(new Dag('main').define([[choose, [lane1, lane2, lane3]]]))
    assert.deepEqual(
      run.tasks.map(({ state }) => state),
      ['done', 'done', 'done', 'skipped'],
    )
  })
})

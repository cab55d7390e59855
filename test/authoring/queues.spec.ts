import assert from 'node:assert/strict'
import { Dag, FunctionTask } from '../../src/index.ts'
import { makePlan } from '../../src/workflow/make-plan.ts'
import { makeWorkflow } from '../../src/workflow/workflow.ts'
import { eventually } from '../support/eventually.ts'
import { MemoryPeers } from '../support/memory-peers.ts'

describe('authoring: queues', () => {
  const task = (name: string, queue?: string): FunctionTask =>
    new FunctionTask(name, () => {}, queue === undefined ? {} : { queue })
  let peers: MemoryPeers
  beforeEach(() => void (peers = new MemoryPeers()))
  afterEach(() => peers.close())

  it('are named by the task, else by its DAG, else when the workflow is started, else they are "task"', async () => {
    const reduction = new Dag('reduction', { queue: 'graph' }).define([[task('read'), task('fit', 'high_memory')]])
    const report = new Dag('report').define([[task('write'), task('mail', 'network')]])
    const { dags } = makePlan(makeWorkflow('queues', { reduction, report }))
    const served = { usual: 'task', graph: 'graph', memory: 'high_memory', net: 'network', night: 'night' }
    const started = new Map<string, readonly string[]>()
    for (const [name, queue] of Object.entries(served)) {
      const { pool } = await peers.add(name, async () => {}, { queues: [queue] })
      started.set(name, pool.started)
    }
    const run = { plan: { name: 'queues', description: '', dags, options: [] }, bundle: 'b', args: {} }
    const rest = { ...run, submittedBy: 'somebody', keepData: false, priority: 0 }
    await peers.ledger.submit({ ...rest, id: 'by-day', queue: null })
    await eventually(async () => (await peers.ledger.runHead('by-day'))?.state === 'succeeded')
    const byDay = { usual: ['report:1/write'], graph: ['reduction:1/read'], memory: ['reduction:1/fit'], net: ['report:1/mail'] } // oxfmt-ignore
    assert.deepEqual(Object.fromEntries(started), { ...byDay, night: [] })

    await peers.ledger.submit({ ...rest, id: 'by-night', queue: 'night' })
    await eventually(async () => (await peers.ledger.runHead('by-night'))?.state === 'succeeded')
    assert.deepEqual(started.get('night'), ['report:1/write'])
    assert.deepEqual(started.get('usual'), byDay.usual)
  })

  it('are not replaced where the default one is named', () => {
    const own = new Dag('own', { queue: 'task' }).define([[task('a'), task('b', 'gpu')]])
    const { dags } = makePlan(
      makeWorkflow('queues', { own, main: new Dag('main').define([[task('c'), task('d', 'task')]]) }),
    )
    const named = dags.flatMap(({ tasks }) => tasks.map(({ name, queue, namesQueue }) => [name, queue, namesQueue]))
    assert.deepEqual(named, [['a', 'task', true], ['b', 'gpu', undefined], ['c', 'task', undefined], ['d', 'task', true]]) // oxfmt-ignore
  })

  it('are served by a peer side by side, however many it names', async () => {
    const { pool } = await peers.add('all', async () => {}, { queues: ['a', 'b'] })
    const { dags } = makePlan(
      makeWorkflow('queues', { main: new Dag('main').define([[task('one', 'a'), task('two', 'b')]]) }),
    )
    await peers.submit('run', dags)
    await eventually(async () => (await peers.ledger.runHead('run'))?.state === 'succeeded')
    assert.deepEqual(pool.started, ['main:1/one', 'main:1/two'])
  })
})

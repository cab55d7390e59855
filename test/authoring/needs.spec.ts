import assert from 'node:assert/strict'
import { Dag, FunctionTask, runLocal } from '../../src/index.ts'
import { makePlan } from '../../src/workflow/make-plan.ts'
import { makeWorkflow } from '../../src/workflow/workflow.ts'
import { eventually } from '../support/eventually.ts'
import { MemoryPeers } from '../support/memory-peers.ts'

describe('authoring: needs', () => {
  let peers: MemoryPeers
  beforeEach(() => void (peers = new MemoryPeers()))
  afterEach(() => peers.close())

  const task = (name: string, needs = {}): FunctionTask => new FunctionTask(name, () => {}, { needs })
  const dagsOf = (...tasks: FunctionTask[]) =>
    makePlan(makeWorkflow('needs', { main: new Dag('main').define(tasks.map(each => [each])) })).dags
  const hasEnded = (run: string) => async () => (await peers.ledger.runHead(run))?.state === 'succeeded'

  it('bring tasks to peers that have enough, and never more of them at once than there is', async () => {
    let running = 0
    let most = 0
    const busy = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await new Promise(resolve => setTimeout(resolve, 5))
      running -= 1
    }
    const plain = await peers.add('plain', busy, { capacity: 8 })
    const small = await peers.add('small', busy, { capacity: 8, resources: { gpu: 1 } })
    const large = await peers.add('large', busy, { capacity: 8, resources: { gpu: 2 } })
    const many = Array.from({ length: 12 }, (_, index) => task(`one${index}`, { gpu: 1 }))
    await peers.submit('run', dagsOf(...many, task('two', { gpu: 2 })))
    await eventually(hasEnded('run'))
    assert.deepEqual(plain.pool.started, [])
    assert.ok(large.pool.started.includes('main:1/two'))
    assert.equal(small.pool.started.length + large.pool.started.length, 13)
    assert.ok(most <= 3, `${most} at once on three GPUs`)
  })

  it('leave the places of a peer to others while its resources are in use', async () => {
    const release = Promise.withResolvers<void>()
    const { pool } = await peers.add('one', ({ task }) => (task === 'other' ? Promise.resolve() : release.promise), {
      capacity: 2,
      resources: { gpu: 1 },
    })
    await peers.submit('run', dagsOf(task('a', { gpu: 1 }), task('b', { gpu: 1 }), task('other')))
    await eventually(() => pool.started.includes('main:1/other'))
    assert.deepEqual(pool.started.toSorted(), ['main:1/a', 'main:1/other'])
    release.resolve()
    await eventually(hasEnded('run'))
    assert.ok(pool.started.includes('main:1/b'))
  })

  it('are given back by a task that waits in a join, so that what it waits for can have them', async () => {
    const main = new Dag('main').define([task('fan', { gpu: 1 })])
    const sub = new Dag('sub', { autostart: false }).define([[task('x', { gpu: 1 }), task('y', { gpu: 1 })]])
    const { dags } = makePlan(makeWorkflow('needs', { main, sub }))
    const { pool } = await peers.add(
      'one',
      async ({ task: name }, host) => {
        if (name !== 'fan') return
        await host.startDag('sub', null)
        await host.joinDags(null)
      },
      { capacity: 1, resources: { gpu: 1 } },
    )
    await peers.submit('run', dags)
    await eventually(hasEnded('run'))
    assert.deepEqual(pool.started, ['main:1/fan', 'sub:1/x', 'sub:1/y'])
  })

  it('are met in a run in one process', async () => {
    const run = await runLocal(new Dag('main').define([[task('a', { gpu: 2 }), task('b', { licence: 1, gpu: 1 })]]))
    assert.equal(run.state, 'succeeded')
  })

  it('are refused where they are written when they are none', () => {
    assert.throws(() => task('a', { gpu: 0.5 }), { code: 'LF_NEEDS', message: /The task "a" needs resources/ })
    assert.throws(() => task('a', { gpu: 0 }), { code: 'LF_NEEDS' })
  })
})

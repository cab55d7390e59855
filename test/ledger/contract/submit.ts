import assert from 'node:assert/strict'
import { MAX_TASKS_PER_DAG } from '../../../protocols/limits.ts'
import { dagPlan, id, newRun, refused, type Bench } from './bench.ts'

export function describeSubmit(bench: () => Bench): void {
  describe('submission', () => {
    it('makes the sources ready and blocks the rest', async () => {
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'c'], ['a>b', 'b>c'])])
      assert.deepEqual(await bench().states('r'), { a: 'ready', b: 'blocked', c: 'blocked' })
      assert.deepEqual(await bench().readyIds(), [id('r', 'a')])
    })

    it('returns and keeps the whole run', async () => {
      const { ledger, clock } = bench()
      const submission = newRun('r', [dagPlan('main', ['a'], []), dagPlan('sub', ['x'], [], false)], {
        args: { folder: '/data', count: 3, fast: true },
      })
      const run = await ledger.submit(submission)
      assert.deepEqual(await ledger.run('r'), run)
      assert.deepEqual(run.plan, submission.plan)
      assert.deepEqual(run.args, submission.args)
      assert.deepEqual([run.state, run.createdAt, run.startedAt, run.endedAt], ['running', clock.now, null, null])
    })

    it('starts the DAGs that start with the workflow, and only those', async () => {
      await bench().submit('r', [dagPlan('one', ['a']), dagPlan('two', ['a']), dagPlan('later', ['a'], [], false)])
      const dags = await bench().ledger.dags('r')
      assert.deepEqual(
        dags.map(({ name, blueprint, state }) => [name, blueprint, state]),
        [
          ['one:1', 'one', 'running'],
          ['two:1', 'two', 'running'],
        ],
      )
    })

    it('brings the code of its bundle along, and brings it again without harm', async () => {
      const { ledger } = bench()
      const code = new Uint8Array([1, 2, 3])
      const run = await bench().submit('r', [dagPlan('main', ['a'])], { bundle: 'b', code })
      assert.deepEqual(await ledger.getBundle('b'), code)
      assert.deepEqual(await bench().submit('r', [dagPlan('main', ['a'])], { bundle: 'b', code }), run)
      await bench().submit('other', [dagPlan('main', ['a'])], { bundle: 'b', code })
      assert.deepEqual(await ledger.getBundle('b'), code)
      const large = new Uint8Array(40 * 1024 * 1024)
      await refused(bench().submit('large', [], { bundle: 'large', code: large }), 'LF_VALUE_TOO_LARGE')
      assert.equal(await ledger.run('large'), undefined)
    })

    it('is the same submission when it is repeated', async () => {
      const { ledger, clock } = bench()
      const first = await bench().submit('r', [dagPlan('main', ['a'])])
      clock.advance(1000)
      assert.deepEqual(await bench().submit('r', [dagPlan('main', ['a'])]), first)
      assert.equal((await ledger.tasks('r')).length, 1)
    })

    it('refuses an id that another submission has', async () => {
      await bench().submit('r', [dagPlan('main', ['a'])])
      await refused(bench().submit('r', [dagPlan('main', ['a'])], { bundle: 'other' }), 'LF_RUN_EXISTS')
      assert.equal((await bench().ledger.run('r'))?.bundle, 'hash')
    })

    it('puts the options into the store', async () => {
      const { ledger } = bench()
      await bench().submit('r', [dagPlan('main', ['a'])], { args: { folder: '/data', count: 3 } })
      assert.equal(await ledger.storeGet('r', 'data', 'folder'), '/data')
      assert.equal(await ledger.storeGet('r', 'data', 'count'), 3)
    })

    it('leaves the needs of tasks as they are when it gives them another queue', async () => {
      const { ledger } = bench()
      const plan = dagPlan('main', [
        { name: 'a', queue: 'task:gpu=1' },
        { name: 'b', queue: 'other:gpu=1' },
      ])
      await bench().submit('r', [plan], { queue: 'night' })
      const queues = (await ledger.tasks('r')).map(({ queue }) => queue)
      assert.deepEqual(queues, ['night:gpu=1', 'other:gpu=1'])
      await bench().session('plain', { queues: ['night'] })
      assert.equal(await bench().isWon('plain', id('r', 'a')), false)
      await bench().session('with', { queues: ['night', 'night:gpu=1'] })
      assert.equal(await bench().isWon('with', id('r', 'a')), true)
    })

    it('gives tasks that name no queue the one of the submission, and all its priority, also in later DAGs', async () => {
      const named = dagPlan('main', [
        { name: 'a', priority: 2 },
        { name: 'b', queue: 'gpu' },
      ])
      await bench().submit('r', [named, dagPlan('sub', ['x'], [], false)], { queue: 'special', priority: 10 })
      await bench().session('s', { queues: ['special'] })
      assert.deepEqual(await bench().readyIds('gpu'), [id('r', 'b')])
      const { claim, task } = await bench().claim('s', id('r', 'a'))
      assert.deepEqual([task.queue, task.priority], ['special', 12])
      await bench().ledger.startDag({ claim, blueprint: 'sub', starterKey: 'k', data: null })
      assert.deepEqual(await bench().readyIds('special'), ['r/sub:1/x'])
    })

    it('leaves tasks that name the default queue in it, and remembers the queue of the submission', async () => {
      const named = dagPlan('main', [{ name: 'a', namesQueue: true }, 'b'])
      const { queue } = await bench().submit('r', [named], { queue: 'special' })
      assert.deepEqual(
        [queue, await bench().readyIds(), await bench().readyIds('special')],
        ['special', [id('r', 'a')], [id('r', 'b')]],
      )
      assert.equal((await bench().ledger.runHead('r'))?.queue, 'special')
      await refused(bench().submit('r', [named], { queue: 'other' }), 'LF_RUN_EXISTS')
    })

    it('ends a run without tasks at once', async () => {
      const run = await bench().submit('r', [dagPlan('main', [])])
      assert.equal(run.state, 'succeeded')
      assert.equal((await bench().ledger.dags('r'))[0]?.state, 'succeeded')
      assert.equal((await bench().submit('none', [])).state, 'succeeded')
    })

    it('refuses a workflow that is too large, and changes nothing', async () => {
      const [task] = dagPlan('main', ['a']).tasks
      assert.ok(task)
      const tasks = Array.from({ length: MAX_TASKS_PER_DAG + 1 }, () => task)
      const huge = { name: 'huge', autostart: true, tasks, edges: [] }
      await refused(bench().submit('r', [dagPlan('main', ['a']), huge]), 'LF_PLAN_TOO_LARGE', /huge/)
      assert.equal(await bench().ledger.run('r'), undefined)
      assert.deepEqual(await bench().readyIds(), [])
    })

    it('changes nothing when the submission fails half-way', async () => {
      const broken = dagPlan('broken', ['a', 'a'])
      await assert.rejects(
        bench().submit('r', [dagPlan('main', ['a']), { ...broken, edges: [{ from: 'a', to: 'gone', slot: null }] }]),
      )
      assert.equal(await bench().ledger.run('r'), undefined)
      assert.deepEqual(await bench().readyIds(), [])
      assert.deepEqual(await bench().ledger.backlog(), {})
      await bench().submit('r', [dagPlan('main', ['a'])])
      assert.deepEqual(await bench().readyIds(), [id('r', 'a')])
    })

    it('keeps runs apart', async () => {
      await bench().session('s')
      await bench().submit('r1', [dagPlan('main', ['a', 'b'], ['a>b'])])
      await bench().submit('r2', [dagPlan('main', ['a', 'b'], ['a>b'])])
      await bench().run('s', id('r1', 'a'))
      assert.deepEqual(await bench().states('r1'), { a: 'done', b: 'ready' })
      assert.deepEqual(await bench().states('r2'), { a: 'ready', b: 'blocked' })
      await bench().ledger.stopRun('r1', { reason: 'stopped', by: 'me', at: 1, error: null })
      assert.equal(await bench().runState('r1'), 'stopped')
      assert.equal(await bench().runState('r2'), 'running')
      assert.deepEqual(await bench().readyIds(), [id('r2', 'a')])
    })
  })
}

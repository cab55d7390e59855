import assert from 'node:assert/strict'
import type { TaskRecord } from '../../../src/lease/records.ts'
import { DONE, dagPlan, id, payload, refused, type Bench } from './bench.ts'

const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const
const FAILED = { outcome: 'failed', error: { code: 'X', message: 'no beam' } } as const
const DAGS = [dagPlan('main', ['a', 'b', 'c', 'd'], ['a>b', 'a>c', 'b>d', 'c>d'])]

export function describeRetry(bench: () => Bench): void {
  describe('a run that tries another one again', () => {
    const retry = (run = 'r2', of = 'r', dags = DAGS, changes = {}) =>
      bench().submit(run, dags, { retryOf: of, ...changes })

    /** `a` and `b` are done, `c` failed, `d` was cancelled. */
    async function failedRun(dags = DAGS, changes = {}): Promise<void> {
      await bench().session('s')
      await bench().submit('r', dags, changes)
      await bench().run('s', id('r', 'a'), { out: payload('of a') })
      await bench().run('s', id('r', 'b'), { out: payload('of b') })
      await bench().run('s', id('r', 'c'), FAILED)
      assert.equal(await bench().runState('r'), 'failed')
    }

    it('takes over what was done, and runs the rest with the old outputs', async () => {
      await failedRun()
      const before = await bench().ledger.tasks('r')
      const run = await retry()
      assert.deepEqual([run.state, run.retryOf, run.startedAt, run.stop], ['running', 'r', null, null])
      assert.deepEqual(await bench().states('r2'), { a: 'done', b: 'done', c: 'ready', d: 'blocked' })
      assert.deepEqual(await bench().readyIds(), [id('r2', 'c')])
      const { inputs } = await bench().claim('s', id('r2', 'c'))
      assert.deepEqual(inputs, [{ task: 'a', slot: null, payload: payload('of a'), epoch: 1 }])
      assert.deepEqual(await bench().ledger.tasks('r'), before, 'the old run stays as it ended')
    })

    it('ends as any other, and shows what is whose', async () => {
      await failedRun()
      await retry()
      await bench().run('s', id('r2', 'c'), { out: payload('of c') })
      const d = await bench().claim('s', id('r2', 'd'))
      assert.deepEqual(
        d.inputs.map(({ payload }) => payload),
        [payload('of b'), payload('of c')],
      )
      assert.equal((await bench().ledger.complete(d.claim, DONE)).runEnded, 'succeeded')
      const tasks = await bench().ledger.tasks('r2')
      assert.deepEqual(
        tasks.map(({ name, reused }) => [name, reused ?? false]),
        [
          ['a', true],
          ['b', true],
          ['c', false],
          ['d', false],
        ],
      )
      const [a, , c] = tasks as [TaskRecord, TaskRecord, TaskRecord]
      assert.deepEqual([a.attempts, a.history.length, a.history[0]?.peer], [1, 1, 'name-of-s'])
      assert.deepEqual([c.attempts, c.history.length, c.error], [1, 1, null], 'failures of before are the old run’s')
    })

    it('keeps skips and limits', async () => {
      const dags = [dagPlan('main', ['a', 'b', 'c', 'd'], ['a>b', 'a>c', 'b>d', 'c>d'])]
      await bench().session('s')
      await bench().submit('r', dags)
      await bench().run('s', id('r', 'a'), { limit: ['c'], out: payload('of a') })
      assert.equal(await bench().state(id('r', 'b')), 'skipped')
      await bench().run('s', id('r', 'c'), FAILED)
      await retry('r2', 'r', dags)
      assert.deepEqual(await bench().states('r2'), { a: 'done', b: 'skipped', c: 'ready', d: 'blocked' })
      await bench().run('s', id('r2', 'c'))
      assert.equal((await bench().run('s', id('r2', 'd'))).runEnded, 'succeeded')
    })

    it('keeps a task that stopped by itself, with what it told its successors', async () => {
      const dags = [dagPlan('main', ['a', 'b', 'c', 'd'], ['a>b', 'a>c'])]
      await bench().session('s')
      await bench().submit('r', dags)
      await bench().run('s', id('r', 'a'), { outcome: 'stopped', skipSuccessors: false, out: payload('of a') })
      bench().clock.advance(1)
      await bench().run('s', id('r', 'b'), FAILED)
      await retry('r2', 'r', dags)
      assert.deepEqual(await bench().states('r2'), { a: 'stopped', b: 'ready', c: 'ready', d: 'ready' })
    })

    it('begins with the store of the run before, as it was at its end', async () => {
      await bench().session('s')
      await bench().submit('r', DAGS, { args: { folder: '/data' }, keepData: false })
      const { claim } = await bench().claim('s', id('r', 'a'))
      const write = (path: string, value: unknown, section: 'data' | 'meta' = 'data') =>
        bench().ledger.storeWrite(claim, { kind: 'set', section, path, value })
      await write('results.one', 1)
      await write('folder', '/other')
      await write('note', 'x', 'meta')
      await write('lightflow.files.a', ['y'], 'meta')
      await bench().ledger.storeWrite(claim, { kind: 'increment', section: 'data', path: 'count', value: 2 }, 'once')
      await bench().ledger.complete(claim, DONE)
      await bench().run('s', id('r', 'b'), FAILED)
      await bench().ledger.stopRun('r', STOP)
      await retry('r2', 'r', DAGS, { args: { folder: '/data' }, keepData: false })
      const get = (path: string, section: 'data' | 'meta' = 'data') => bench().ledger.storeGet('r2', section, path)
      assert.deepEqual(
        [await get('results'), await get('folder'), await get('count'), await get('note', 'meta')],
        [{ one: 1 }, '/other', 2, 'x'],
      )
      assert.deepEqual(await get('lightflow.files.a', 'meta'), ['y'], 'what kinds of tasks note')
      const again = await bench().claim('s', id('r2', 'b'))
      await bench().ledger.storeWrite(
        again.claim,
        { kind: 'increment', section: 'data', path: 'count', value: 1 },
        'again',
      )
      assert.deepEqual([await get('count'), await bench().ledger.storeGet('r', 'data', 'count')], [3, 2])
    })

    it('takes over DAGs that tasks had started, and their starter finds them again', async () => {
      const dags = [dagPlan('main', ['a'], []), dagPlan('sub', ['x', 'y'], ['x>y'], false)]
      await bench().session('s')
      await bench().submit('r', dags)
      const { claim } = await bench().claim('s', id('r', 'a'))
      const start = (held: typeof claim, starterKey: string) =>
        bench().ledger.startDag({ claim: held, blueprint: 'sub', starterKey, data: payload(starterKey) })
      assert.deepEqual([await start(claim, 'one'), await start(claim, 'two')], ['sub:1', 'sub:2'])
      await bench().run('s', 'r/sub:1/x')
      await bench().run('s', 'r/sub:1/y')
      await bench().run('s', 'r/sub:2/x', FAILED)
      await bench().ledger.complete(claim, { ...DONE, ...FAILED })
      await retry('r2', 'r', dags)
      assert.deepEqual(
        (await bench().ledger.dags('r2')).map(({ name, state, starter }) => [name, state, starter]),
        [
          ['main:1', 'running', null],
          ['sub:1', 'succeeded', id('r2', 'a')],
          ['sub:2', 'running', id('r2', 'a')],
        ],
      )
      assert.deepEqual(await bench().states('r2', 'sub:2'), { x: 'ready', y: 'blocked' })
      const again = await bench().claim('s', id('r2', 'a'))
      assert.deepEqual([await start(again.claim, 'two'), await start(again.claim, 'one')], ['sub:2', 'sub:1'])
      assert.equal(await start(again.claim, 'three'), 'sub:3', 'new ones get new numbers')
      assert.deepEqual((await bench().claim('s', 'r2/sub:2/x')).start, payload('two'))
    })

    it('leaves a DAG stopped that one of the tasks had stopped', async () => {
      const dags = [dagPlan('main', ['a'], []), dagPlan('sub', ['x'], [], false)]
      await bench().session('s')
      await bench().submit('r', dags)
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().ledger.startDag({ claim, blueprint: 'sub', starterKey: 'one', data: null })
      await bench().ledger.stopDag('r', 'sub:1', { ...STOP, by: id('r', 'a') })
      bench().clock.advance(1)
      await bench().ledger.complete(claim, { ...DONE, ...FAILED })
      await retry('r2', 'r', dags)
      assert.deepEqual(
        (await bench().ledger.dags('r2')).map(({ name, state }) => [name, state]),
        [
          ['main:1', 'running'],
          ['sub:1', 'stopped'],
        ],
      )
      assert.equal((await bench().run('s', id('r2', 'a'))).runEnded, 'succeeded')
    })

    it('keeps a DAG that a task stopped as it ended, but runs what failed in it', async () => {
      const dags = [dagPlan('main', ['a', 'b', 'c'], ['a>b', 'c>b'])]
      await bench().session('s')
      await bench().submit('r', dags)
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().run('s', id('r', 'c'))
      await bench().ledger.stopDag('r', 'main:1', { ...STOP, by: id('r', 'a') })
      bench().clock.advance(1)
      assert.equal((await bench().ledger.complete(claim, { ...DONE, ...FAILED })).runEnded, 'failed')
      await retry('r2', 'r', dags)
      assert.equal(await bench().runState('r2'), 'running', 'what failed is not a success by being taken over')
      assert.deepEqual(await bench().states('r2'), { a: 'ready', b: 'cancelled', c: 'done' })
      await bench().run('s', id('r2', 'a'), FAILED)
      await retry('r3', 'r2', dags)
      assert.deepEqual(
        await bench().states('r3'),
        { a: 'ready', b: 'cancelled', c: 'done' },
        'also in the try after that',
      )
      assert.equal((await bench().run('s', id('r3', 'a'))).runEnded, 'succeeded')
    })

    it('runs a task again that returned when a copy that it had started had failed, and its successors after it', async () => {
      const dags = [dagPlan('main', ['fan', 'sum'], ['fan>sum']), dagPlan('one', ['x'], [], false)]
      await bench().session('s')
      await bench().submit('r', dags)
      const { claim } = await bench().claim('s', id('r', 'fan'))
      await bench().ledger.startDag({ claim, blueprint: 'one', starterKey: 'k', data: null })
      await bench().run('s', 'r/one:1/x', FAILED)
      await bench().ledger.complete(claim, DONE)
      await retry('r2', 'r', dags)
      assert.deepEqual(await bench().states('r2'), { fan: 'ready', sum: 'blocked' })
      assert.deepEqual(await bench().states('r2', 'one:1'), { x: 'ready' })
      const again = await bench().claim('s', id('r2', 'fan'))
      const found = await bench().ledger.startDag({ claim: again.claim, blueprint: 'one', starterKey: 'k', data: null })
      assert.equal(found, 'one:1')
    })

    it('runs a task again that returned when its run was being stopped already: it may have done a part only', async () => {
      const dags = [dagPlan('main', ['early', 'late', 'broken-off', 'next'], ['early>next', 'late>next'])]
      await bench().session('s')
      await bench().submit('r', dags)
      await bench().run('s', id('r', 'early'))
      const late = await bench().claim('s', id('r', 'late'))
      const brokenOff = await bench().claim('s', id('r', 'broken-off'))
      await bench().ledger.stopRun('r', STOP)
      await bench().ledger.complete(late.claim, { ...DONE, out: payload('a part') })
      await bench().ledger.complete(brokenOff.claim, { ...DONE, outcome: 'stopped' })
      await retry('r2', 'r', dags)
      const states = { early: 'done', late: 'ready', 'broken-off': 'ready', next: 'blocked' }
      assert.deepEqual(await bench().states('r2'), states)
      assert.equal((await bench().ledger.task(id('r2', 'late')))?.out, null)
    })

    it('keeps what ended while its run was being stopped when it is exclusive and done, or had asked for the stop', async () => {
      const dags = [
        dagPlan('main', [
          { name: 'moved', effect: 'exclusive' },
          { name: 'half', effect: 'exclusive' },
          'asker',
          'other',
        ]),
      ]
      await bench().session('s')
      await bench().submit('r', dags)
      const claims = await Promise.all(['moved', 'half', 'asker'].map(name => bench().claim('s', id('r', name))))
      await bench().ledger.stopRun('r', { ...STOP, by: id('r', 'asker') })
      const [moved, half, asker] = claims.map(({ claim }) => claim)
      await bench().ledger.complete(moved!, DONE)
      await bench().ledger.complete(half!, { ...DONE, outcome: 'stopped' })
      await bench().ledger.complete(asker!, DONE)
      await retry('r2', 'r', dags)
      assert.deepEqual(await bench().states('r2'), { moved: 'done', half: 'ready', asker: 'done', other: 'ready' })
      await bench().run('s', id('r2', 'half'), FAILED)
      await retry('r3', 'r2', dags)
      const whole = { moved: 'done', half: 'ready', asker: 'done', other: 'ready' }
      assert.deepEqual(await bench().states('r3'), whole, 'what was taken over once counts as whole')
    })

    it('runs what a stopped run had not done, and ends at once when nothing is left', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'])])
      await bench().run('s', id('r', 'a'))
      await bench().ledger.stopRun('r', STOP)
      await retry('r2', 'r', [dagPlan('main', ['a', 'b'])])
      assert.deepEqual(await bench().states('r2'), { a: 'done', b: 'ready' })
      const dags = [dagPlan('main', [{ name: 'a', effect: 'exclusive' }])]
      await bench().submit('o', dags)
      const { claim } = await bench().claim('s', id('o', 'a'))
      await bench().ledger.stopRun('o', STOP)
      await bench().ledger.complete(claim, DONE)
      assert.equal(await bench().runState('o'), 'stopped')
      assert.equal((await retry('o2', 'o', dags)).state, 'succeeded')
    })

    it('can be retried itself, and is the same submission when it is repeated', async () => {
      await failedRun()
      const first = await retry()
      bench().clock.advance(1000)
      assert.deepEqual(await retry(), first)
      await bench().run('s', id('r2', 'c'), FAILED)
      await retry('r3', 'r2')
      assert.deepEqual(await bench().states('r3'), { a: 'done', b: 'done', c: 'ready', d: 'blocked' })
      await refused(bench().submit('r2', DAGS), 'LF_RUN_EXISTS')
    })

    it('is refused while another retry runs, of the same run or of one of its retries', async () => {
      await failedRun()
      await retry('r2')
      await refused(retry('r3'), 'LF_RUN_RETRIED', /r2.*lf workflow stop r2/)
      await refused(retry('r3', 'r', DAGS, { again: true }), 'LF_RUN_RETRIED')
      assert.equal(await bench().ledger.run('r3'), undefined)
      assert.deepEqual(await bench().readyIds(), [id('r2', 'c')])
      await bench().run('s', id('r2', 'c'), FAILED)
      await retry('r3')
      await refused(retry('r4', 'r2'), 'LF_RUN_RETRIED', /r3/)
      await bench().ledger.stopRun('r3', STOP)
      await retry('r4', 'r2')
      await refused(retry('r5', 'r3'), 'LF_RUN_RETRIED', /r4/)
      await refused(retry('r5', 'r'), 'LF_RUN_RETRIED', /r4/)
    })

    it('is refused when another retry has succeeded, unless it is wanted all the same', async () => {
      await failedRun()
      await retry('r2')
      await bench().run('s', id('r2', 'c'))
      assert.equal((await bench().run('s', id('r2', 'd'))).runEnded, 'succeeded')
      await refused(retry('r3'), 'LF_RUN_RETRIED', /r2 has succeeded.*--again/)
      assert.equal((await retry('r3', 'r', DAGS, { again: true })).state, 'running')
      assert.deepEqual(await retry('r3'), await bench().ledger.run('r3'), 'repeating it changes nothing')
    })

    it('lets one of several win that come at the same time', async () => {
      await failedRun()
      const tries = await Promise.allSettled(['r2', 'r3', 'r4'].map(run => retry(run)))
      const won = tries.flatMap(one => (one.status === 'fulfilled' ? [one.value.id] : []))
      assert.equal(won.length, 1)
      assert.deepEqual(await bench().readyIds(), [id(won[0]!, 'c')])
      for (const one of tries) {
        if (one.status === 'rejected') assert.match(one.reason.code, /^LF_RUN_(RETRIED|EXISTS)$/)
      }
    })

    it('may bring other code and other options for its tasks, but the same tasks and edges', async () => {
      await failedRun()
      const queued = [
        dagPlan('main', ['a', 'b', { name: 'c', queue: 'gpu', retries: 2 }, 'd'], ['a>b', 'a>c', 'b>d', 'c>d']),
      ]
      await retry('r2', 'r', queued, { bundle: 'corrected' })
      const c = await bench().ledger.task(id('r2', 'c'))
      assert.deepEqual([c?.queue, c?.retries, (await bench().ledger.run('r2'))?.bundle], ['gpu', 2, 'corrected'])
      const changed = [
        [dagPlan('main', ['a', 'b', 'c'], ['a>b', 'a>c'])],
        [dagPlan('main', ['a', 'b', 'c', 'd'], ['a>b', 'a>c', 'b>d'])],
        [...DAGS, dagPlan('more', ['x'])],
      ]
      for (const dags of changed) await refused(retry('r3', 'r', dags), 'LF_RETRY_CHANGED')
      assert.equal(await bench().ledger.run('r3'), undefined)
    })

    it('is refused for a run that goes on, that has succeeded, or that nobody knows', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a'])])
      const again = () => retry('r2', 'r', [dagPlan('main', ['a'])])
      await refused(again(), 'LF_RUN_NOT_ENDED', /lf workflow stop r/)
      await bench().run('s', id('r', 'a'))
      await refused(again(), 'LF_RUN_SUCCEEDED')
      await refused(retry('r2', 'nothing'), 'LF_UNKNOWN_RUN')
      assert.equal(await bench().ledger.run('r2'), undefined, 'nothing was submitted')
      assert.deepEqual(await bench().readyIds(), [])
    })
  })
}

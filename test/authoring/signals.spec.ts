import assert from 'node:assert/strict'
import { Dag, FunctionTask, type LocalRun, runLocal, type Signal, type TaskCall } from '../../src/index.ts'

const turn = (): Promise<void> => new Promise(resolve => void setImmediate(resolve))

describe('authoring: signals', () => {
  /** Runs `body` in the DAG `main`, beside a DAG `sub` that is started by hand. */
  const using = async (
    body: (signal: Signal, call: TaskCall) => Promise<unknown>,
    sub: (call: TaskCall) => Promise<void> | void = () => {},
  ): Promise<LocalRun> => {
    const main = new Dag('main').define([new FunctionTask('use', async call => void (await body(call.signal, call)))])
    return runLocal([main, subOf(sub)])
  }
  const subOf = (body: (call: TaskCall) => Promise<void> | void): Dag =>
    new Dag('sub', { autostart: false }).define([[new FunctionTask('work', body), new FunctionTask('after', () => {})]])
  const untilStopped = async ({ signal }: TaskCall): Promise<void> => {
    while (!signal.isStopped) await turn()
  }

  it('start copies of a DAG, by object and by name, which are numbered from 1', async () => {
    const names: string[] = []
    const sub = subOf(() => {})
    const start = new FunctionTask('start', async ({ signal }) => {
      for (const dag of [sub, 'sub', sub]) names.push(await signal.startDag(dag))
    })
    const run = await runLocal([new Dag('main').define([start]), sub])
    assert.deepEqual(names, ['sub:1', 'sub:2', 'sub:3'])
    assert.deepEqual([run.state, run.dags.length, run.tasks.length], ['succeeded', 4, 7])
  })

  it('refuse to start a DAG that is not there, and the task fails with a suggestion', async () => {
    const run = await using(signal => signal.startDag('sbu'))
    assert.deepEqual([run.state, run.error?.code, run.error?.hint], ['failed', 'LF_UNKNOWN_DAG', 'Did you mean "sub"?'])
  })

  it('join copies by name: one, several, none', async () => {
    const seen: unknown[] = []
    let ended = 0
    const run = await using(
      async signal => {
        const [one, two, three] = [
          await signal.startDag('sub'),
          await signal.startDag('sub'),
          await signal.startDag('sub'),
        ]
        seen.push(await signal.joinDags(one), await signal.joinDags([two, three]), await signal.joinDags([]), ended)
      },
      () => void ended++,
    )
    assert.deepEqual([run.state, seen], ['succeeded', [true, true, true, 3]])
  })

  it('join all copies that the task started, when none is named', async () => {
    let ended = 0
    let seen = 0
    await using(
      async signal => {
        for (let index = 0; index < 3; index++) await signal.startDag('sub')
        await signal.joinDags()
        seen = ended
      },
      () => void ended++,
    )
    assert.equal(seen, 3)
  })

  it('say of a join whether all copies succeeded', async () => {
    let joined: boolean | undefined
    await using(async signal => {
      const name = await signal.startDag('sub')
      await signal.stopDag(name)
      joined = await signal.joinDags(name)
    }, untilStopped)
    assert.equal(joined, false)
  })

  it('refuse to join the own DAG, and copies that are not there', async () => {
    await using(async (signal, { context }) => {
      await assert.rejects(signal.joinDags(context.dagName), { code: 'LF_JOIN_OWN_DAG' })
      await assert.rejects(signal.joinDags('sub:9'), { code: 'LF_UNKNOWN_DAG' })
    })
  })

  it('stop the own DAG: what runs may finish, nothing more starts in it, others go on', async () => {
    let seen: unknown
    const stop = new FunctionTask('stop', async call => {
      await call.signal.stopDag()
      await untilStopped(call)
      call.data.set('finished', true)
    })
    const other = new FunctionTask('other', async ({ signal }) => void (seen = signal.isStopped))
    const run = await runLocal([
      new Dag('main').define([[stop, new FunctionTask('after', () => {})]]),
      new Dag('second').define([[new FunctionTask('before', () => {}), other]]),
    ])
    assert.deepEqual([run.task('stop').state, run.task('stop').data], ['done', { finished: true }])
    assert.deepEqual([run.task('after').state, run.task('other').state, seen], ['cancelled', 'done', false])
    assert.deepEqual(run.dags.map(({ state }) => state), ['stopped', 'succeeded']) // oxfmt-ignore
  })

  it('stop another copy by its name, and only that one', async () => {
    let release = (): void => {}
    const released = new Promise<void>(resolve => (release = resolve))
    const run = await using(
      async signal => {
        const [one, two] = [await signal.startDag('sub', { wait: true }), await signal.startDag('sub', { wait: false })]
        await signal.stopDag(one)
        await signal.joinDags(one)
        release()
        await signal.joinDags(two)
      },
      async call => (call.data.get<boolean>('wait') ? untilStopped(call) : released),
    )
    assert.deepEqual([run.task('sub:1/after').state, run.task('sub:2/after').state], ['cancelled', 'done'])
  })

  it('stop the whole workflow: every DAG that runs, and no new one starts', async () => {
    let refused: unknown
    const run = await using(async (signal, call) => {
      const name = await signal.startDag('sub')
      await signal.stopWorkflow()
      await untilStopped(call)
      refused = await signal.startDag('sub').catch(({ code }: { code: string }) => code)
      await signal.joinDags(name)
    }, untilStopped)
    assert.equal(refused, 'LF_RUN_STOPPING')
    assert.deepEqual([run.state, run.task('after').state], ['stopped', 'cancelled'])
  })

  it('stop from outside: a run that was asked to stop ends as stopped', async () => {
    const stop = new AbortController()
    const task = new FunctionTask('task', async call => {
      stop.abort()
      await untilStopped(call)
    })
    const run = await runLocal(
      new Dag('main').define([[task, new FunctionTask('after', () => {})]]),
      {},
      { signal: stop.signal },
    )
    assert.deepEqual([run.state, run.task('task').state, run.task('after').state], ['stopped', 'done', 'cancelled'])
  })

  it('tell a task by an AbortSignal when its attempt is over whatever it does', async () => {
    let reason: unknown
    const task = new FunctionTask(
      'task',
      ({ signal: { abort } }) =>
        new Promise((_, reject) => {
          abort.addEventListener('abort', () => reject((reason = abort.reason)))
        }),
      { timeoutMs: 20 },
    )
    await runLocal(new Dag('main').define([task]))
    assert.equal((reason as { code: string }).code, 'LF_TASK_TIMEOUT')
  })

  it('hold no capacity in a join: a hundred nested joins complete on a mesh with capacity 1', async () => {
    const depth = 100
    const deep: Dag = new Dag('deep', { autostart: false })
    const dive = async ({ data, signal }: TaskCall): Promise<void> => {
      const level = data.get<number>('level', 0)
      if (level === depth) return
      const name = await signal.startDag(deep, { level: level + 1 })
      assert.equal(await signal.joinDags(name), true)
    }
    deep.define([new FunctionTask('dive', dive)])
    const main = new Dag('main').define([new FunctionTask('dive', dive)])
    const run = await runLocal([main, deep], {}, { capacity: 1 })
    assert.deepEqual([run.state, run.error, run.dags.length], ['succeeded', undefined, depth + 1])
    assert.ok(run.tasks.every(({ state, attempts }) => state === 'done' && attempts === 1))
  })
})

import assert from 'node:assert/strict'
import { LightflowError } from '../../src/core/errors.ts'
import type { ClaimedTask, Completion, Foreseen, HandOn, Ledger, OnForeseen } from '../../src/ledger/ledger.ts'
import type { JobHost } from '../../src/workers/worker-pool.ts'
import { eventually } from '../support/eventually.ts'
import { intercept } from '../support/intercept.ts'
import { MemoryPeers, dagPlan, taskPlan } from '../support/memory-peers.ts'

const FIRST = 'r/main:1/first'
const SECOND = 'r/main:1/second'

describe('a task whose claim is being written', () => {
  let peers: MemoryPeers
  let answer: PromiseWithResolvers<void>

  beforeEach(() => {
    peers = new MemoryPeers()
    answer = Promise.withResolvers<void>()
  })
  afterEach(() => peers.close())

  const submit = (options: Parameters<typeof taskPlan>[1] = { effect: 'pure' }) => {
    const tasks = ['first', 'second'].map(name => taskPlan(name, options))
    return peers.submit('r', [dagPlan('main', tasks, [['first', 'second']])])
  }
  const ended = () => eventually(async () => (await peers.ledger.run('r'))?.state === 'succeeded')
  const stateOf = async (task: string) => (await peers.ledger.task(task))?.state

  /** What the completion of the first task will hand on, told before anything of it is written. */
  async function foresee({ claimIds, session }: HandOn): Promise<ClaimedTask> {
    const [task, run] = await Promise.all([peers.ledger.task(SECOND), peers.ledger.runHead('r')])
    const [claimId = ''] = claimIds
    assert.ok(task !== undefined && run !== undefined)
    const claim = { task: SECOND, epoch: 1, claimId }
    const times = { readyAt: 1, claimedAt: 1 }
    const claimed = { ...task, ...times, state: 'claimed' as const, epoch: 1, claimId, owner: session, attempts: 1 }
    return { claim, task: claimed, run, blueprint: 'main', inputs: [], start: null }
  }

  interface Writing {
    /** What becomes of the first try. */
    write: (complete: () => Promise<Completion>) => Promise<Completion>
    /** What is told beforehand; the second task when absent. */
    tell?: (handOn: HandOn) => Promise<Foreseen>
    /** What a second try waits for. */
    mayRepeat?: () => Promise<unknown>
    onVerify?: () => void
  }

  /** A ledger that tells of the second task and then takes its time. */
  const tellSecond = async (handOn: HandOn): Promise<Foreseen> => {
    return { handedOn: [await foresee(handOn)], passedOn: [], handsOn: true }
  }

  function slowly({ write, tell = tellSecond, mayRepeat = async () => {}, onVerify = () => {} }: Writing): Ledger {
    let tries = 0
    const written = Promise.withResolvers<void>()
    return intercept(peers.ledger, {
      async complete(complete, claim, result, handOn, onForeseen?: OnForeseen) {
        // One write after the other, in the order of their coming.
        if (claim.task !== FIRST) await written.promise
        if (claim.task !== FIRST || handOn === undefined || onForeseen === undefined) {
          return complete(claim, result, handOn)
        }
        tries += 1
        if (tries > 1) {
          await mayRepeat()
          return complete(claim, result, handOn)
        }
        onForeseen(await tell(handOn))
        return write(() => complete(claim, result, handOn)).finally(written.resolve)
      },
      async verify(verify, claims) {
        const standings = await verify(claims)
        if (claims.some(({ task }) => task === SECOND)) onVerify()
        return standings
      },
    })
  }

  const onceAnswered = async (complete: () => Promise<Completion>): Promise<Completion> => {
    await answer.promise
    return complete()
  }

  it('begins meanwhile when it is pure, once, in the place of the one that it follows', async () => {
    const { pool, supervisor } = await peers.add('a', async () => {}, { ledger: slowly({ write: onceAnswered }) })
    const told: string[] = []
    supervisor.events.on('task:claimed', ({ task }) => told.push(`claimed ${task}`))
    supervisor.events.on('task:ended', ({ task }) => told.push(`ended ${task}`))
    await submit()
    await eventually(() => pool.started.length === 2)
    assert.equal(await stateOf(SECOND), 'blocked')
    answer.resolve()
    await ended()
    await eventually(() => supervisor.attempts === 0)
    assert.deepEqual(pool.started, ['main:1/first', 'main:1/second'])
    // Nobody hears of it before the write that claims it is answered.
    assert.deepEqual(told.slice(0, 3), [`claimed ${FIRST}`, `ended ${FIRST}`, `claimed ${SECOND}`])
  })

  for (const effect of ['idempotent', 'exclusive'] as const) {
    it(`is prepared and does not begin when it is ${effect}; its time does not run`, async () => {
      const timeoutMs = 300
      const { pool, supervisor } = await peers.add('a', async () => {}, { ledger: slowly({ write: onceAnswered }) })
      await submit({ effect, timeoutMs })
      await eventually(() => supervisor.attempts === 2)
      const untilMs = performance.now() + 2 * timeoutMs
      await eventually(() => performance.now() > untilMs)
      assert.deepEqual(pool.started, ['main:1/first'])
      answer.resolve()
      await ended()
      assert.deepEqual(pool.started, ['main:1/first', 'main:1/second'])
      assert.equal((await peers.ledger.task(SECOND))?.attempts, 1)
    })
  }

  it('has not begun, unless it is pure, when that write is lost, and begins when it is written', async () => {
    let heldAttempts = 0
    const lost = async (): Promise<never> => {
      await eventually(() => (heldAttempts = supervisor.attempts) === 2)
      throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'The write was lost.')
    }
    const { pool, supervisor } = await peers.add('a', async () => {}, { ledger: slowly({ write: lost }) })
    await submit({ effect: 'exclusive' })
    await ended()
    assert.equal(heldAttempts, 2)
    assert.deepEqual(pool.started, ['main:1/first', 'main:1/second'])
  })

  it('asks for nothing before that is answered', async () => {
    const asked: string[] = []
    const body = async (job: { task: string }, host: JobHost): Promise<void> => {
      if (job.task === 'first') return
      asked.push('asks')
      await host.storeWrite({ kind: 'set', section: 'data', path: 'x', value: 1 })
      asked.push('has written')
    }
    let writes = 0
    const ledger = intercept(slowly({ write: onceAnswered }), {
      storeWrite(storeWrite, ...args) {
        writes += 1
        return storeWrite(...args)
      },
    })
    await peers.add('a', body, { ledger })
    await submit()
    await eventually(() => asked.length === 1)
    assert.equal(writes, 0)
    answer.resolve()
    await ended()
    assert.deepEqual([asked, writes], [['asks', 'has written'], 1])
  })

  it('has its whole time from when that is answered, however long its calls waited for it', async () => {
    const timeoutMs = 200
    const waited = Promise.withResolvers<void>()
    const body = async (job: { task: string }, host: JobHost): Promise<void> => {
      if (job.task === 'first') return
      setTimeout(waited.resolve, 2 * timeoutMs)
      await host.storeWrite({ kind: 'set', section: 'data', path: 'x', value: 1 })
    }
    const { supervisor } = await peers.add('a', body, { ledger: slowly({ write: onceAnswered }) })
    const tasks = [taskPlan('first', { effect: 'pure' }), taskPlan('second', { effect: 'pure', timeoutMs })]
    await peers.submit('r', [dagPlan('main', tasks, [['first', 'second']])])
    await waited.promise
    answer.resolve()
    await ended()
    await eventually(() => supervisor.attempts === 0)
    assert.deepEqual(
      (await peers.ledger.task(SECOND))?.history.map(({ end }) => end),
      ['done'],
    )
  })

  it('is limited in its time once that is answered', async () => {
    const body = (job: { task: string }) => (job.task === 'first' ? Promise.resolve() : new Promise<void>(() => {}))
    const { pool } = await peers.add('a', body, { ledger: slowly({ write: onceAnswered }) })
    const tasks = [taskPlan('first', { effect: 'pure' }), taskPlan('second', { effect: 'pure', timeoutMs: 50 })]
    await peers.submit('r', [dagPlan('main', tasks, [['first', 'second']])])
    await eventually(() => pool.started.length === 2)
    answer.resolve()
    await eventually(async () => (await peers.ledger.run('r'))?.state === 'failed')
    assert.equal((await peers.ledger.task(SECOND))?.error?.code, 'LF_TASK_TIMEOUT')
  })

  it('goes on although a look at the ledger does not find its claim yet', async () => {
    const looked = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    const ledger = slowly({ write: onceAnswered, onVerify: looked.resolve })
    const { pool } = await peers.add('a', job => (job.task === 'first' ? Promise.resolve() : end.promise), { ledger })
    await submit()
    await eventually(() => pool.started.length === 2)
    await looked.promise
    answer.resolve()
    await eventually(async () => (await stateOf(SECOND)) === 'claimed')
    end.resolve()
    await ended()
    assert.deepEqual(pool.started, ['main:1/first', 'main:1/second'])
  })

  it('has run for nobody when that write is lost, and begins anew', async () => {
    const lost = async (): Promise<never> => {
      throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'The write was lost.')
    }
    let refused = false
    // Not before the ledger has refused what came of it.
    const mayRepeat = () => eventually(() => refused)
    const ledger = intercept(slowly({ write: lost, mayRepeat }), {
      async complete(complete, claim, ...rest) {
        const completion = await complete(claim, ...rest)
        if (claim.task === SECOND) refused ||= !completion.accepted
        return completion
      },
    })
    const { pool, supervisor } = await peers.add('a', async () => {}, { ledger })
    await submit()
    await ended()
    await eventually(() => supervisor.attempts === 0)
    assert.ok(refused)
    assert.deepEqual(pool.started, ['main:1/first', 'main:1/second', 'main:1/second'])
    const second = await peers.ledger.task(SECOND)
    assert.equal(second?.history.filter(({ end }) => end === 'done').length, 1)
  })

  it('has ended in order when that is answered so late that it is asked again', async () => {
    let isAccepted = false
    const late = async (complete: () => Promise<Completion>): Promise<never> => {
      await complete()
      throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'The answer of the ledger came too late to be acted on.')
    }
    const ledger = intercept(slowly({ write: late, mayRepeat: () => eventually(() => isAccepted) }), {
      async complete(complete, claim, ...rest) {
        const completion = await complete(claim, ...rest)
        if (claim.task === SECOND) isAccepted ||= completion.accepted
        return completion
      },
    })
    const { pool, supervisor } = await peers.add('a', async () => {}, { ledger })
    const told: string[] = []
    supervisor.events.on('task:claimed', ({ task }) => told.push(`claimed ${task}`))
    supervisor.events.on('task:ended', ({ task }) => told.push(`ended ${task}`))
    const pure = ['first', 'second'].map(name => taskPlan(name, { effect: 'pure' }))
    const third = taskPlan('third', { effect: 'exclusive' })
    const edges: [string, string][] = [
      ['first', 'second'],
      ['second', 'third'],
    ]
    await peers.submit('r', [dagPlan('main', [...pure, third], edges)])
    await ended()
    await eventually(() => supervisor.attempts === 0)
    // What followed from it was not lost with the answer.
    assert.deepEqual(pool.started, ['main:1/first', 'main:1/second', 'main:1/third'])
    assert.deepEqual(
      (await peers.ledger.tasks('r')).map(({ attempts }) => attempts),
      [1, 1, 1],
    )
    assert.deepEqual(told.slice(1, 4), [`ended ${FIRST}`, `claimed ${SECOND}`, `ended ${SECOND}`])
  })

  it('makes way when a repeated write claims another task instead', async () => {
    const lost = async (): Promise<never> => {
      await peers.submit('urgent', [dagPlan('main', [taskPlan('w', { priority: 9, effect: 'exclusive' })])])
      throw new LightflowError('LF_LEDGER_FULL', 'The disk was full.')
    }
    const bodies = new Map<string, AbortSignal>()
    const body = async (job: { task: string }, _: JobHost, signal: AbortSignal): Promise<void> => {
      const isFirstTry = job.task === 'second' && !bodies.has('second')
      bodies.set(job.task, signal)
      // The one that runs for nobody does not end by itself.
      if (isFirstTry) await new Promise(() => {})
    }
    const { pool } = await peers.add('a', body, { ledger: slowly({ write: lost }), capacity: 1 })
    await submit()
    await ended()
    await eventually(async () => (await peers.ledger.run('urgent'))?.state === 'succeeded')
    assert.deepEqual(pool.started, ['main:1/first', 'main:1/second', 'main:1/w', 'main:1/second'])
    assert.equal((await peers.ledger.task('urgent/main:1/w'))?.attempts, 1)
  })

  it('leaves no place to others that is for a task of another class', async () => {
    let sweeps = 0
    const passes = async (handOn: HandOn): Promise<Foreseen> => {
      const early = await foresee(handOn)
      return { handedOn: [], passedOn: [{ claim: early.claim, session: 's', peer: 'p', early }], handsOn: true }
    }
    const ledger = intercept(slowly({ write: onceAnswered, tell: passes }), {
      sessionBeats(sessionBeats, ...args) {
        sweeps += 1
        return sessionBeats(...args)
      },
    })
    const { pool } = await peers.add('a', async () => {}, { ledger, capacity: 1 })
    await peers.submit('r', [
      dagPlan('main', [taskPlan('first', { effect: 'pure' }), taskPlan('second')], [['first', 'second']]),
    ])
    await eventually(() => pool.started.length === 1)
    await peers.submit('q', [dagPlan('main', [taskPlan('w')])])
    const before = sweeps
    await eventually(() => sweeps > before + 3)
    assert.deepEqual(pool.started, ['main:1/first'])
    answer.resolve()
    await ended()
  })

  it('is ended when the run was stopped instead', async () => {
    let signal: AbortSignal | undefined
    const ledger = slowly({
      async write(complete) {
        await eventually(() => signal !== undefined)
        const stop = { reason: 'stopped' as const, by: 'test', at: 1, error: null }
        await peers.ledger.stopRun('r', stop)
        return complete()
      },
    })
    const body = async (job: { task: string }, _: JobHost, given: AbortSignal): Promise<void> => {
      if (job.task === 'first') return
      signal = given
      await new Promise(() => {})
    }
    const { supervisor } = await peers.add('a', body, { ledger })
    await submit()
    await eventually(() => signal?.aborted === true)
    await eventually(() => supervisor.attempts === 0)
    assert.equal(await stateOf(SECOND), 'cancelled')
  })
})

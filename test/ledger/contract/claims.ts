import assert from 'node:assert/strict'
import { MAX_HOLDERS_NAMED } from '../../../src/lease/note-holder.ts'
import type { AttemptResult } from '../../../src/ledger/ledger.ts'
import { DONE, dagPlan, id, payload, refused, stale, type Bench } from './bench.ts'

const CHAIN = [dagPlan('main', ['a', 'b'], ['a>b'])]
const STOP = { reason: 'stopped', by: 'me', at: 1, error: null } as const

export function describeClaims(bench: () => Bench): void {
  describe('claims', () => {
    it('says of a claim whose run or DAG was asked to stop that it is held and stopping', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('one', ['a']), dagPlan('two', ['a'])])
      const claims = [await bench().claim('s', 'r/one:1/a'), await bench().claim('s', 'r/two:1/a')].map(
        ({ claim }) => claim,
      )
      const stop = { reason: 'stopped', by: 'me', at: 1, error: null } as const
      await ledger.stopDag('r', 'one:1', stop)
      assert.deepEqual(await ledger.verify(claims), ['stopping', 'current'])
      await ledger.stopRun('r', stop)
      assert.deepEqual(await ledger.verify(claims), ['stopping', 'stopping'])
    })

    it('gives a task to one of many', async () => {
      const { ledger } = bench()
      const sessions = ['s1', 's2', 's3', 's4']
      for (const session of sessions) await bench().session(session)
      await bench().submit('r', CHAIN)
      const tries = sessions.map((session, index) =>
        ledger.claim(session, [{ task: id('r', 'a'), claimId: `c${index}` }]),
      )
      const won = (await Promise.all(tries)).flat()
      assert.equal(won.length, 1)
      const task = await ledger.task(id('r', 'a'))
      assert.deepEqual([task?.state, task?.epoch, task?.attempts], ['claimed', 1, 1])
      assert.deepEqual(won[0]?.task, task)
      assert.deepEqual(won[0]?.claim, { task: id('r', 'a'), epoch: 1, claimId: task?.claimId })
      assert.deepEqual(await ledger.verify(won.map(({ claim }) => claim)), ['current'])
    })

    it('answers a repeated claim with the same claim', async () => {
      const { ledger, clock } = bench()
      await bench().session('s')
      await bench().submit('r', CHAIN)
      const request = [{ task: id('r', 'a'), claimId: 'mine' }]
      const first = await ledger.claim('s', request)
      clock.advance(10)
      assert.deepEqual(await ledger.claim('s', request), first)
      assert.equal((await ledger.task(id('r', 'a')))?.attempts, 1)
    })

    it('brings everything that an attempt needs', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', CHAIN, { args: { folder: '/data' } })
      const claimed = await bench().claim('s', id('r', 'a'))
      assert.deepEqual(claimed.run, { id: 'r', workflow: 'workflow', bundle: 'hash', args: { folder: '/data' } })
      assert.deepEqual([claimed.blueprint, claimed.inputs, claimed.start], ['main', [], null])
      await ledger.complete(claimed.claim, { ...DONE, out: payload('hello') })
      const { inputs } = await bench().claim('s', id('r', 'b'))
      assert.deepEqual(inputs, [{ task: 'a', slot: null, payload: payload('hello'), epoch: 1 }])
    })

    it('wins what it can of a batch', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().session('other')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'c', 'd'], ['a>d'])])
      await bench().claim('other', id('r', 'b'))
      const names = ['a', 'b', 'c', 'd', 'unknown']
      const won = await ledger.claim(
        's',
        names.map(name => ({ task: id('r', name), claimId: `claim-${name}` })),
      )
      assert.deepEqual(
        won.map(({ task }) => task.name),
        ['a', 'c'],
      )
    })

    it('notes when the run started', async () => {
      const { ledger, clock } = bench()
      await bench().session('s')
      await bench().submit('r', CHAIN)
      clock.advance(7)
      await bench().claim('s', id('r', 'a'))
      assert.equal((await ledger.run('r'))?.startedAt, clock.now)
    })

    it('refuses a session that is buried or unknown', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', CHAIN)
      await bench().kill('s')
      const request = [{ task: id('r', 'a'), claimId: 'c' }]
      await refused(ledger.claim('s', request), 'LF_SESSION_BURIED')
      await refused(ledger.claim('nobody', request), 'LF_SESSION_BURIED')
      assert.equal(await bench().state(id('r', 'a')), 'ready')
    })

    it('gives nothing to a session that drains, that is a command, or that does not serve the queue', async () => {
      const { ledger } = bench()
      await bench().session('drains')
      await ledger.beat('drains', 1, { busy: 0, connected: [], addrs: [], draining: true })
      await bench().session('command', { kind: 'client' })
      await bench().session('elsewhere', { queues: ['gpu'] })
      await bench().submit('r', CHAIN)
      for (const session of ['drains', 'command', 'elsewhere']) {
        assert.equal(await bench().isWon(session, id('r', 'a')), false, session)
      }
    })

    it('lets a session that drains keep and complete what it has', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', CHAIN)
      const { claim } = await bench().claim('s', id('r', 'a'))
      await ledger.beat('s', 1, { busy: 1, connected: [], addrs: [], draining: true })
      assert.deepEqual(await ledger.verify([claim]), ['current'])
      assert.equal((await ledger.complete(claim, DONE)).accepted, true)
    })

    it('gives out nothing that is blocked, claimed or done', async () => {
      await bench().session('s')
      await bench().session('t')
      await bench().submit('r', CHAIN)
      assert.equal(await bench().isWon('t', id('r', 'b')), false)
      const { claim } = await bench().claim('s', id('r', 'a'))
      assert.equal(await bench().isWon('t', id('r', 'a')), false)
      assert.equal(await bench().isWon('s', id('r', 'a')), false)
      await bench().ledger.complete(claim, DONE)
      assert.equal(await bench().isWon('t', id('r', 'a')), false)
    })

    it('gives out nothing of a run that stops', async () => {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'])])
      await bench().claim('s', id('r', 'a'))
      await bench().ledger.stopRun('r', STOP)
      assert.equal(await bench().isWon('s', id('r', 'b')), false)
      assert.equal(await bench().state(id('r', 'b')), 'cancelled')
    })

    it('lists what a session holds', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().session('t')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'c'])])
      const { claim: a } = await bench().claim('s', id('r', 'a'))
      const { claim: b } = await bench().claim('t', id('r', 'b'))
      const { claim: c } = await bench().claim('s', id('r', 'c'))
      assert.deepEqual(await ledger.claimsOf('s'), [a, c])
      await ledger.complete(a, DONE)
      assert.deepEqual(await ledger.claimsOf('s'), [c])
      assert.deepEqual(await ledger.claimsOf('t'), [b])
    })
  })

  describe('the fence', () => {
    const results: [string, Partial<AttemptResult>][] = [
      ['done', { outcome: 'done' }],
      ['failed', { outcome: 'failed' }],
      ['aborted', { outcome: 'aborted' }],
      ['stopped', { outcome: 'stopped' }],
    ]
    for (const [name, result] of results) {
      it(`discards "${name}" from a claim that is not the current one`, async () => {
        const { ledger } = bench()
        await bench().session('s')
        await bench().submit('r', CHAIN)
        const { claim } = await bench().claim('s', id('r', 'a'))
        const others = [
          { epoch: claim.epoch + 1 },
          { epoch: claim.epoch - 1 },
          { claimId: 'other' },
          { task: id('r', 'b') },
        ]
        for (const other of others) {
          const { accepted } = await ledger.complete(stale(claim, other), { ...DONE, ...result })
          assert.equal(accepted, false, JSON.stringify(other))
          assert.deepEqual(await ledger.verify([stale(claim, other)]), ['lost'])
        }
        assert.deepEqual(await bench().states('r'), { a: 'claimed', b: 'blocked' })
        assert.equal((await ledger.complete(claim, DONE)).accepted, true)
      })
    }

    it('discards what is told of a task that nobody knows', async () => {
      const { accepted } = await bench().ledger.complete({ task: 'r/d:1/t', epoch: 1, claimId: 'c' }, DONE)
      assert.equal(accepted, false)
    })

    it('accepts a repeated result again and changes nothing', async () => {
      const { ledger, clock } = bench()
      await bench().session('s')
      await bench().submit('r', CHAIN)
      const { claim } = await bench().claim('s', id('r', 'a'))
      const first = await ledger.complete(claim, { ...DONE, out: payload('x') })
      const before = await ledger.tasks('r')
      clock.advance(10)
      const again = await ledger.complete(claim, { ...DONE, outcome: 'failed' })
      assert.deepEqual([first.accepted, first.state], [true, 'done'])
      assert.deepEqual([again.accepted, again.state], [true, 'done'])
      assert.deepEqual(await ledger.tasks('r'), before)
      assert.deepEqual(await ledger.verify([claim]), ['lost'])
    })

    it('accepts a repeated failure again while the task waits or runs anew', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', [{ name: 'a', retries: 5 }])])
      const { claim } = await bench().claim('s', id('r', 'a'))
      const failed = { ...DONE, outcome: 'failed' } as const
      assert.equal((await ledger.complete(claim, failed)).state, 'ready')
      assert.deepEqual((({ accepted, state }) => [accepted, state])(await ledger.complete(claim, failed)), [
        true,
        'ready',
      ])
      await bench().claim('s', id('r', 'a'))
      assert.deepEqual((({ accepted, state }) => [accepted, state])(await ledger.complete(claim, failed)), [
        true,
        'claimed',
      ])
      assert.equal((await ledger.task(id('r', 'a')))?.failures, 1)
    })

    it('refuses a released claim', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', CHAIN)
      const { claim } = await bench().claim('s', id('r', 'a'))
      const release = { reason: 'drain', notBefore: null, uncounted: true }
      assert.equal(await ledger.release(stale(claim, { claimId: 'other' }), release), false)
      assert.equal(await ledger.release(claim, release), true)
      assert.equal((await ledger.complete(claim, DONE)).accepted, false)
      assert.deepEqual(await ledger.verify([claim]), ['lost'])
      assert.deepEqual(await bench().states('r'), { a: 'ready', b: 'blocked' })
    })
  })

  describe('release', () => {
    it('gives a task back with a new epoch, and once', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', CHAIN)
      const { claim } = await bench().claim('s', id('r', 'a'))
      const release = { reason: 'cannot run here', notBefore: null, uncounted: true }
      assert.equal(await ledger.release(claim, release), true)
      const released = await ledger.task(id('r', 'a'))
      assert.deepEqual([released?.state, released?.epoch, released?.attempts], ['ready', 2, 0])
      assert.deepEqual([released?.owner, released?.claimId], [null, null])
      assert.equal(released?.history[0]?.end, 'released')
      assert.equal(await ledger.release(claim, release), true)
      assert.deepEqual(await ledger.task(id('r', 'a')), released)
      const next = await bench().claim('s', id('r', 'a'))
      assert.equal(next.claim.epoch, 3)
      await ledger.release(claim, release)
      assert.deepEqual(await ledger.verify([next.claim]), ['current'])
    })

    it('counts the attempt unless told otherwise', async () => {
      await bench().session('s')
      await bench().submit('r', CHAIN)
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().ledger.release(claim, { reason: 'input gone', notBefore: null, uncounted: false })
      assert.equal((await bench().ledger.task(id('r', 'a')))?.attempts, 1)
    })

    it('lets the task rest until it is due', async () => {
      const { ledger, clock } = bench()
      await bench().session('s')
      await bench().submit('r', CHAIN)
      const { claim } = await bench().claim('s', id('r', 'a'))
      const due = clock.now + 500
      await ledger.release(claim, { reason: 'input gone', notBefore: due, uncounted: false })
      assert.deepEqual(await ledger.peekReady(['task'], 10), { tasks: [], nextDueAt: due })
      assert.equal(await bench().isWon('s', id('r', 'a')), false)
      clock.advance(500)
      assert.deepEqual(await bench().readyIds(), [id('r', 'a')])
      assert.equal(await bench().isWon('s', id('r', 'a')), true)
    })

    it('cancels the task when the run is stopping, and so ends it', async () => {
      await bench().session('s')
      await bench().submit('r', CHAIN)
      const { claim } = await bench().claim('s', id('r', 'a'))
      await bench().ledger.stopRun('r', STOP)
      await bench().ledger.release(claim, { reason: 'drain', notBefore: null, uncounted: true })
      assert.deepEqual(await bench().states('r'), { a: 'cancelled', b: 'cancelled' })
      assert.equal(await bench().runState('r'), 'stopped')
    })
  })

  describe('ready tasks', () => {
    it('come highest priority first, then the longest ready, and only of the queues asked for', async () => {
      const { ledger, clock } = bench()
      const task = (name: string, queue: string, priority: number) => ({ name, queue, priority })
      await bench().submit('r1', [dagPlan('main', [task('low', 'q', 0), task('high', 'q', 5), task('gpu', 'g', 3)])])
      clock.advance(1)
      await bench().submit('r2', [dagPlan('main', [task('low', 'q', 0), task('high', 'q', 5), task('other', 'x', 9)])])
      const expected = [id('r1', 'high'), id('r2', 'high'), id('r1', 'gpu'), id('r1', 'low'), id('r2', 'low')]
      assert.deepEqual(await bench().readyIds('q', 'g'), expected)
      const { tasks } = await ledger.peekReady(['q', 'g', 'q'], 2)
      assert.deepEqual(
        tasks.map(({ id }) => id),
        expected.slice(0, 2),
      )
      assert.deepEqual(await ledger.peekReady([], 10), { tasks: [], nextDueAt: null })
      assert.deepEqual(await ledger.backlog(), { q: 4, g: 1, x: 1 })
    })

    it('say where the bytes of their inputs are', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'c', 'join'], ['a>join', 'b>join', 'c>join'])])
      await bench().run('s', id('r', 'a'), { out: payload('a', ['p1', 'p2']) })
      await bench().run('s', id('r', 'b'), { out: payload('b', ['p1']) })
      await bench().run('s', id('r', 'c'), { out: payload('c') })
      const { tasks } = await ledger.peekReady(['task'], 10)
      assert.deepEqual(tasks, [
        {
          id: id('r', 'join'),
          run: 'r',
          queue: 'task',
          priority: 0,
          epoch: 0,
          inputs: [
            { holder: 'p1', sizeBytes: 200_000 },
            { holder: 'p2', sizeBytes: 100_000 },
          ],
        },
      ])
    })

    it('name who fetched an input as near to it, too', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b', 'small'], ['a>b', 'small>b'])])
      await bench().run('s', id('r', 'a'), { out: payload('a', ['p1']) })
      await bench().run('s', id('r', 'small'), { out: payload('small') })
      const output = { task: id('r', 'a'), epoch: 1 }
      const others = [
        { ...output, epoch: 2 },
        { task: id('r', 'small'), epoch: 1 },
        { task: id('r', 'b'), epoch: 0 },
      ]
      for (const outputs of [[output], [output, ...others], [{ task: 'r/main:1/nothing', epoch: 1 }], []]) {
        await ledger.noteHolder('p2', outputs)
      }
      const { tasks } = await ledger.peekReady(['task'], 10)
      assert.deepEqual(
        tasks[0]?.inputs.map(({ holder }) => holder),
        ['p1', 'p2'],
      )
      assert.deepEqual((await ledger.task(id('r', 'a')))?.out?.holders, ['p1', 'p2'])
      assert.equal((await bench().claim('s', id('r', 'b'))).inputs.length, 2)
    })

    it('name no more holders than can be of use', async () => {
      const { ledger } = bench()
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'], ['a>b'])])
      await bench().run('s', id('r', 'a'), { out: payload('a', ['p']) })
      const output = { task: id('r', 'a'), epoch: 1 }
      for (let peer = 0; peer < 2 * MAX_HOLDERS_NAMED; peer++) await ledger.noteHolder(`p${peer}`, [output])
      assert.equal((await ledger.task(id('r', 'a')))?.out?.holders.length, MAX_HOLDERS_NAMED)
    })
  })
}

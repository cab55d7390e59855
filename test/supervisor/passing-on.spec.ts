import assert from 'node:assert/strict'
import { LightflowError } from '../../src/core/errors.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { eventually } from '../support/eventually.ts'
import { intercept } from '../support/intercept.ts'
import { MemoryPeers, dagPlan, taskPlan, type MemoryPeer, type PeerOptions } from '../support/memory-peers.ts'

const HOPS = 12
const QUEUES = ['task', 'other'] as const
const NEVER = new Promise<void>(() => {})

describe('a task whose successor only another peer can run', () => {
  let peers: MemoryPeers

  beforeEach(() => void (peers = new MemoryPeers()))
  afterEach(() => peers.close())

  const ended = (run: string) =>
    eventually(async () => (await peers.ledger.run(run))?.state !== 'running' && (await peers.ledger.run(run)))
  const record = async (task: string) => (await peers.ledger.task(task)) ?? assert.fail(`there is no ${task}`)
  const passedCount = async (run: string) =>
    (await peers.ledger.tasks(run)).filter(({ history }) => history.at(-1)?.passedBy !== undefined).length

  /** Peers of one queue each, connected: each knows that the other is there and has places. */
  async function pair(more: PeerOptions = {}): Promise<[MemoryPeer, MemoryPeer]> {
    // Beats that are far apart: a test machine that stands still for a moment silences nobody, and no beat tells of a place that was taken then.
    const options = { capacity: 3, timing: { beatMs: 2000 }, ...more }
    const a = await peers.add('a', async () => {}, { queues: ['task'], ...options })
    const b = await peers.add('b', async () => {}, { queues: ['other'], ...options })
    await eventually(() => a.mesh.connected().length === 1 && b.mesh.connected().length === 1)
    return [a, b]
  }

  /** A chain whose tasks stand in the two queues in turn. */
  function submitHops(run: string): Promise<unknown> {
    const names = Array.from({ length: HOPS }, (_, index) => `t${index}`)
    const tasks = names.map((name, index) => taskPlan(name, { queue: QUEUES[index % 2] ?? '' }))
    return peers.submit(run, [
      dagPlan(
        'main',
        tasks,
        names.slice(1).map((name, index): [string, string] => [`t${index}`, name]),
      ),
    ])
  }

  it('claims it for that peer, which starts it without a write of its own', async () => {
    const [a, b] = await pair()
    await submitHops('r')
    assert.equal((await ended('r')).state, 'succeeded')
    assert.equal(await passedCount('r'), HOPS - 1)
    assert.deepEqual([a.supervisor.claimStatistics.tried, b.supervisor.claimStatistics.tried], [1, 0])
    assert.deepEqual([a.pool.started.length, b.pool.started.length], [HOPS / 2, HOPS / 2])
  })

  it('costs no look for other tasks at each step', async () => {
    let looks = 0
    const ledger: Ledger = intercept(peers.ledger, {
      peekReady: (peekReady, ...args) => {
        looks += 1
        return peekReady(...args)
      },
    })
    await pair({ ledger, timing: { beatMs: 2000, sweepMs: 200 } })
    await submitHops('r')
    await eventually(async () => (await record('r/main:1/t0')).state === 'done')
    const before = looks
    assert.equal((await ended('r')).state, 'succeeded')
    assert.ok(looks - before < HOPS - 2, `${looks - before} looks at ${HOPS} steps`)
  })

  it('is looked for by its name when a word has told of it, and by nothing less at a sweep', async () => {
    const asked: (readonly string[] | undefined)[] = []
    const ledger: Ledger = intercept(peers.ledger, {
      passedTo: (passedTo, ...args) => {
        asked.push(args[2])
        return passedTo(...args)
      },
    })
    await pair({ ledger, timing: { beatMs: 2000, sweepMs: 100 } })
    await submitHops('r')
    assert.equal((await ended('r')).state, 'succeeded')
    const claimIds = (await peers.ledger.tasks('r')).flatMap(({ claimId }) => claimId ?? [])
    const named = asked.flatMap(claims => claims ?? [])
    assert.ok(named.length > 0 && named.every(claimId => claimIds.includes(claimId)))
    await eventually(() => asked.slice(-2).every(claims => claims === undefined))
  })

  it('is found by the sweep of its peer when no word arrives', async () => {
    const [a, b] = await pair()
    peers.bus.lose(1)
    await submitHops('r')
    assert.equal((await ended('r')).state, 'succeeded')
    assert.ok((await passedCount('r')) > 0)
    assert.deepEqual([a.pool.started.length, b.pool.started.length], [HOPS / 2, HOPS / 2])
  })

  it('starts once, however often its peer is told of it', async () => {
    const [a, b] = await pair()
    for (const { mesh } of [a, b]) {
      const tell = mesh.tell.bind(mesh)
      mesh.tell = (peer, hints) => void Array.from({ length: 5 }, () => tell(peer, [...hints, ...hints]))
    }
    await submitHops('r')
    assert.equal((await ended('r')).state, 'succeeded')
    assert.equal(await passedCount('r'), HOPS - 1)
    assert.deepEqual([a.pool.started.length, b.pool.started.length], [HOPS / 2, HOPS / 2])
    for (const { attempts, epoch } of await peers.ledger.tasks('r')) assert.deepEqual([attempts, epoch], [1, 1])
  })

  it('is announced as ever when no peer that serves it has a place', async () => {
    const a = await peers.add('a', async () => {}, { queues: ['task'] })
    const gate = Promise.withResolvers<void>()
    const b = await peers.add('b', () => gate.promise, { queues: ['other'] })
    await peers.submit('busy', [dagPlan('main', [taskPlan('x', { queue: 'other' })])])
    await eventually(() => b.pool.started.length === 1 && a.mesh.connected().length === 1)
    await submitHops('r')
    await eventually(async () => (await record('r/main:1/t1')).state === 'ready')
    assert.equal(await passedCount('r'), 0)
    gate.resolve()
    assert.equal((await ended('r')).state, 'succeeded')
  })

  it('is announced as ever where all serve the same queues', async () => {
    for (const name of ['a', 'b']) await peers.add(name, async () => {})
    await peers.submit('r', [
      dagPlan(
        'main',
        [taskPlan('x'), taskPlan('y'), taskPlan('z')],
        [
          ['x', 'y'],
          ['x', 'z'],
        ],
      ),
    ])
    assert.equal((await ended('r')).state, 'succeeded')
    assert.equal(await passedCount('r'), 0)
  })

  describe('that was passed to a peer', () => {
    /** The session of somebody who serves the queue `task` and completes one for which `x` waits, claiming it for `session`. */
    async function passTo(session: string): Promise<void> {
      const { ledger } = peers
      const more = { kind: 'node' as const, ttlMs: 60_000, addrs: [], capacity: 1, version: '0', labels: {} }
      await ledger.openSession({
        id: 'giver',
        peer: 'giver',
        name: 'giver',
        host: 'h',
        pid: 1,
        queues: ['first'],
        ...more,
      })
      await peers.submit('r', [
        dagPlan('main', [taskPlan('w', { queue: 'first' }), taskPlan('x', { queue: 'other' })], [['w', 'x']]),
      ])
      const [claimed] = await ledger.claim('giver', [{ task: 'r/main:1/w', claimId: 'w' }])
      assert.ok(claimed)
      const result = { outcome: 'done' as const, out: null, limit: null, skipSuccessors: true, error: null }
      const passOn = { claimIds: ['x'], to: [{ session, places: 1 }] }
      const hand = { session: 'giver', queues: [], claimIds: [], choice: 'successors' as const, passOn }
      const { passedOn } = await ledger.complete(claimed.claim, result, hand)
      assert.deepEqual(
        passedOn.map(({ claim }) => claim.task),
        ['r/main:1/x'],
      )
    }

    /** Who had it, and how that ended. */
    async function historyOf(task: string) {
      return (await record(task)).history.map(({ peer, end }) => `${peer} ${end}`)
    }

    const isWelcome: Partial<PeerOptions> = { queues: ['other'] }

    it('is given back, uncounted and announced, when that peer has no place within a moment', async () => {
      // In the ledger it has more places than in truth.
      const ledger: Ledger = intercept(peers.ledger, {
        openSession: (open, session) => open({ ...session, capacity: 9 }),
      })
      const b = await peers.add('b', () => NEVER, { ...isWelcome, ledger })
      await peers.submit('busy', [dagPlan('main', [taskPlan('long', { queue: 'other' })])])
      await eventually(() => b.pool.started.length === 1)
      await passTo(b.supervisor.session)
      const c = await peers.add('c', async () => {}, isWelcome)
      assert.equal((await ended('r')).state, 'succeeded')
      assert.deepEqual([b.pool.started, c.pool.started], [['main:1/long'], ['main:1/x']])
      assert.deepEqual(await historyOf('r/main:1/x'), ['b released', 'c done'])
      assert.equal((await record('r/main:1/x')).attempts, 1)
    })

    it('is begun when a place becomes free in that moment', async () => {
      const ledger: Ledger = intercept(peers.ledger, {
        openSession: (open, session) => open({ ...session, capacity: 9 }),
      })
      const gate = Promise.withResolvers<void>()
      let looks = 0
      const looking: Ledger = intercept(ledger, {
        passedTo: async (passedTo, ...args) => {
          const found = await passedTo(...args)
          if (found.length > 0) looks += 1
          return found
        },
      })
      const b = await peers.add('b', () => gate.promise, { ...isWelcome, ledger: looking })
      await peers.submit('busy', [dagPlan('main', [taskPlan('long', { queue: 'other' })])])
      await eventually(() => b.pool.started.length === 1)
      await passTo(b.supervisor.session)
      await eventually(() => looks > 0)
      gate.resolve()
      assert.equal((await ended('r')).state, 'succeeded')
      assert.deepEqual(await historyOf('r/main:1/x'), ['b done'])
    })

    it('is given back at once by a peer that drains', async () => {
      // The ledger does not know of it yet.
      const ledger: Ledger = intercept(peers.ledger, {
        beat: (beat, session, count, report) => beat(session, count, { ...report, draining: false }),
      })
      const b = await peers.add('b', () => NEVER, { ...isWelcome, ledger, capacity: 2 })
      await peers.submit('busy', [dagPlan('main', [taskPlan('long', { queue: 'other' })])])
      await eventually(() => b.pool.started.length === 1)
      void b.supervisor.drain()
      await passTo(b.supervisor.session)
      const c = await peers.add('c', async () => {}, isWelcome)
      assert.equal((await ended('r')).state, 'succeeded')
      assert.deepEqual([b.pool.started, c.pool.started], [['main:1/long'], ['main:1/x']])
      assert.deepEqual(await historyOf('r/main:1/x'), ['b released', 'c done'])
    })

    it('is not begun by a peer that is not sure of its lease', async () => {
      let isCut = false
      const ledger: Ledger = intercept(peers.ledger, {
        beat: async (beat, ...args) => {
          if (isCut) throw new LightflowError('LF_LEDGER_UNAVAILABLE', 'No way to the ledger.')
          return beat(...args)
        },
      })
      const fenced = Promise.withResolvers<void>()
      const b = await peers.add('b', async () => {}, {
        ...isWelcome,
        ledger,
        timing: { beatMs: 20, selfFenceMs: 200, retryMaxMs: 50 },
      })
      b.supervisor.events.on('session:fenced', () => fenced.resolve())
      isCut = true
      await fenced.promise
      await passTo(b.supervisor.session)
      const c = await peers.add('c', async () => {}, isWelcome)
      assert.equal((await ended('r')).state, 'succeeded')
      assert.deepEqual([b.pool.started, c.pool.started], [[], ['main:1/x']])
    })

    it('is taken over when that peer dies before it has begun it', async () => {
      const ledger: Ledger = intercept(peers.ledger, { passedTo: async () => [] })
      const b = await peers.add('b', async () => {}, { ...isWelcome, ledger })
      await passTo(b.supervisor.session)
      peers.gone.add(b.supervisor.session)
      const c = await peers.add('c', async () => {}, isWelcome)
      assert.equal((await ended('r')).state, 'succeeded')
      assert.deepEqual([b.pool.started, c.pool.started], [[], ['main:1/x']])
    })

    it('is begun by nobody else than the session that it was claimed for', async () => {
      const b = await peers.add('b', async () => {}, isWelcome)
      const [before] = (await peers.ledger.sessions()).filter(({ name }) => name === 'b')
      assert.ok(before)
      // It is buried while it lives; the claim of its old session is void in the new one.
      await peers.ledger.bury(before.id, before.beat, 'silence', 'somebody')
      await eventually(() => b.supervisor.session !== before.id)
      assert.deepEqual(await peers.ledger.passedTo(before.id, []), [])
      await passTo(b.supervisor.session)
      assert.equal((await ended('r')).state, 'succeeded')
      assert.deepEqual(b.pool.started, ['main:1/x'])
    })
  })
})

import assert from 'node:assert/strict'
import { systemRandom } from '../../src/core/random.ts'
import type { SessionRecord } from '../../src/lease/records.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { MAX_TASKS_PER_PART } from '../../src/ledger/ledger-limits.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import { BeatWatch } from '../../src/node/beat-watch.ts'
import { meshStatusView } from '../../src/node/mesh-views.ts'
import { readMesh } from '../../src/node/read-mesh.ts'
import type { MeshStatusView } from '../../src/node/views.ts'
import { Bench, DONE, dagPlan, HandClock, id } from '../ledger/contract/bench.ts'
import { intercept } from '../support/intercept.ts'

const TTL_MS = 20_000

describe('the status of the mesh', () => {
  let bench: Bench
  let ledger: Ledger
  let beats: BeatWatch
  let clock: HandClock
  let reads: string[]

  beforeEach(async () => {
    clock = new HandClock()
    reads = []
    const tools = { clock, random: systemRandom }
    const noted =
      (name: string) =>
      (original: (...args: never[]) => unknown, ...args: never[]): unknown => {
        reads.push(name)
        return original(...args)
      }
    ledger = intercept(openMemoryLedger(tools), {
      tasks: noted('tasks'),
      run: noted('run'),
      runs: noted('runs'),
    } as object)
    bench = new Bench(ledger, tools)
    beats = new BeatWatch({ monotonicMs: () => clock.now, wallMs: () => clock.now })
  })

  afterEach(() => ledger.close())

  const peer = (name: string, given: object = {}): Promise<SessionRecord> =>
    bench.session(name, { peer: `p-${name}`, name, ttlMs: TTL_MS, ...given })

  let beat = 0
  async function report(connections: Record<string, string[]>, more: object = {}): Promise<void> {
    for (const [name, to] of Object.entries(connections)) {
      beat += 1
      const told = { busy: 0, connected: to.map(other => `p-${other}`), addrs: [], draining: false, ...more }
      await ledger.beat(name, beat, told)
    }
  }

  async function status(): Promise<MeshStatusView> {
    const parts = { ledger, clock: { monotonicMs: () => clock.now, wallMs: () => clock.now }, beats }
    const reading = await readMesh({ ...parts, sessions: since => ledger.sessions(since) })
    return meshStatusView(reading, { kind: 'memory', incarnation: 'x', location: 'memory' })
  }

  const troubles = async (): Promise<string[]> =>
    (await status()).troubles.map(({ kind, message }) => `${kind}: ${message}`)

  it('has no troubles when all is well', async () => {
    await peer('alpha')
    await peer('beta')
    clock.advance(60_000)
    await report({ alpha: ['beta'], beta: ['alpha'] })
    await bench.submit('r', [dagPlan('main', ['a'])])
    const { troubles: none, peers, runs } = await status()
    assert.deepEqual(none, [])
    assert.deepEqual(
      peers.map(({ name, notConnected }) => [name, notConnected]),
      [
        ['alpha', []],
        ['beta', []],
      ],
    )
    assert.deepEqual(
      runs.map(({ run, tasks }) => [run, tasks]),
      [['r', { ready: 1 }]],
    )
  })

  it('reads no whole run', async () => {
    await peer('alpha')
    await bench.submit('r', [dagPlan('main', ['a', 'b'])])
    await bench.run('alpha', id('r', 'a'))
    await status()
    assert.deepEqual(reads, [])
  })

  it('names missing links, and those that only one side sees', async () => {
    for (const name of ['alpha', 'beta', 'gamma']) await peer(name)
    clock.advance(60_000)
    await report({ alpha: ['gamma'], beta: [], gamma: [] })
    assert.deepEqual(await troubles(), [
      'link: alpha and beta are not connected.',
      'link: alpha is connected to gamma, which does not see it.',
      'link: beta and gamma are not connected.',
    ])
  })

  it('does not expect a young peer to know everybody', async () => {
    await peer('alpha')
    clock.advance(60_000)
    await peer('beta')
    await report({ alpha: [], beta: [] })
    assert.deepEqual(await troubles(), [])
  })

  it('tells who can begin nothing any more since its sources changed, until it is started again', async () => {
    await peer('alpha', { queues: ['task', 'gpu'] })
    await report({ alpha: [] }, { draining: true, stats: { sourcesChanged: 1 } })
    const { troubles: told } = await status()
    assert.match(
      told[0]?.message ?? '',
      /^alpha takes no tasks and leaves, since Lightflow was changed on .* while it ran/,
    )
    assert.equal(told[0]?.command, 'lf node --queues task,gpu', 'its name is taken as long as it is there')
    await ledger.closeSession('alpha')
    const [left] = (await status()).troubles
    assert.match(left?.message ?? '', /^alpha has left, since Lightflow was changed on .* while it ran/)
    assert.equal(left?.command, 'lf node --name alpha --queues task,gpu')
    clock.advance(3_600_001)
    assert.deepEqual(await troubles(), [])
    clock.advance(-10_000)
    await bench.session('again', { peer: 'p-alpha', name: 'alpha' })
    assert.deepEqual(await troubles(), [])
  })

  it('tells who is silent, and with the next beat no more', async () => {
    await peer('alpha')
    clock.advance(7000)
    assert.match((await troubles()).join(), /silent: alpha has sent no beat for 7 s/)
    await report({ alpha: [] })
    assert.deepEqual(await troubles(), [])
    assert.equal((await status()).peers[0]?.silentMs, 0)
  })

  it('judges silence by its own clock once it has seen a beat, not by the clock of the peer', async () => {
    await peer('alpha')
    await status()
    await report({ alpha: [] })
    await status()
    const skewed = (await ledger.sessions()).map(session => ({ ...session, beatAt: session.beatAt - 3_600_000 }))
    assert.deepEqual([...beats.look(skewed).values()], [0])
  })

  it('tells who is missing and why, but not who left or was evicted', async () => {
    for (const name of ['alpha', 'beta', 'gamma']) await peer(name)
    await bench.kill('alpha')
    await ledger.closeSession('beta')
    await ledger.bury('gamma', 0, 'evicted', 'ann@hutch')
    const { troubles: told, left, peers } = await status()
    assert.deepEqual(
      told.map(({ message }) => message),
      ['alpha on host is missing: its process is gone.'],
    )
    assert.deepEqual(
      left.map(({ name }) => name),
      ['beta'],
    )
    assert.deepEqual(
      peers.map(({ name, deathProof, evictedBy }) => [name, deathProof, evictedBy]),
      [
        ['alpha', 'lock', undefined],
        ['gamma', 'evicted', 'ann@hutch'],
      ],
    )
  })

  it('says how to start a missing peer again, with the queues that it served', async () => {
    await peer('alpha')
    await peer('gpu-1', { queues: ['gpu', 'task'] })
    for (const name of ['alpha', 'gpu-1']) await bench.kill(name)
    const commands = (await status()).troubles.map(({ command }) => command)
    assert.deepEqual(new Set(commands), new Set(['lf node --name alpha', 'lf node --name gpu-1 --queues gpu,task']))
  })

  it('tells that no peer is alive while there is work, and promises no takeover then', async () => {
    assert.deepEqual(await troubles(), [])
    await peer('alpha')
    await bench.submit('r', [dagPlan('main', ['a'])])
    await bench.claim('alpha', id('r', 'a'))
    await bench.kill('alpha')
    const told = await troubles()
    assert.equal(told[0], 'no-peer: No peer is alive: nothing runs.')
    assert.ok(
      told.includes(`orphan: ${id('r', 'a')} is held by alpha, which is dead: it is taken over when a peer is alive.`),
    )
    await peer('beta')
    assert.ok((await troubles()).every(text => !text.startsWith('no-peer')))
  })

  it('keeps the peers in the order of their names', async () => {
    for (const name of ['mx10', 'mx2', 'mx1']) await peer(name)
    assert.deepEqual(
      (await status()).peers.map(({ name }) => name),
      ['mx1', 'mx2', 'mx10'],
    )
  })

  it('shows a peer as draining from the moment that it was asked', async () => {
    await peer('alpha')
    await ledger.requestDrain('alpha', 'ann@hutch')
    const [alpha] = (await status()).peers
    assert.deepEqual([alpha?.state, alpha?.drainAskedBy], ['draining', 'ann@hutch'])
  })

  it('tells a lost task with the command that decides it', async () => {
    await peer('alpha')
    await bench.submit('r', [dagPlan('main', [{ name: 'move', effect: 'exclusive' }])])
    await bench.claim('alpha', id('r', 'move'))
    await bench.kill('alpha')
    await ledger.reclaim(10)
    const lost = (await status()).troubles.find(({ kind }) => kind === 'lost')
    assert.equal(lost?.command, 'lf workflow resolve r main:1/move')
    assert.match(lost?.message ?? '', /its peer alpha died/)
  })

  it('tells a task that a free peer leaves lying, and the queue that nobody serves', async () => {
    await peer('alpha')
    await bench.submit('r', [dagPlan('main', ['a', { name: 'g', queue: 'gpu' }])])
    clock.advance(12_000)
    await report({ alpha: [] })
    const { troubles: told, unservedQueues } = await status()
    assert.deepEqual(
      told.map(({ kind, task }) => [kind, task]),
      [
        ['unserved', undefined],
        ['stuck', id('r', 'a')],
      ],
    )
    assert.deepEqual(unservedQueues, ['gpu'])
  })

  it('tells no task as stuck that was written a moment ago, although its DAG started long before', async () => {
    await peer('alpha')
    const names = Array.from({ length: MAX_TASKS_PER_PART + 1 }, (_, index) => `t${index}`)
    const last = names.at(-1) as string
    const edges = names.slice(0, -1).map(name => `${last}>${name}`)
    await bench.submit('r', [dagPlan('main', names, edges)])
    clock.advance(12_000)
    await bench.write()
    await report({ alpha: [] })
    assert.deepEqual(await bench.readyIds(), [id('r', last)])
    assert.deepEqual((await status()).troubles, [])
  })

  it('tells no task as stuck while every peer is busy', async () => {
    await peer('alpha', { capacity: 1 })
    await bench.submit('r', [dagPlan('main', ['a'])])
    clock.advance(12_000)
    await report({ alpha: [] }, { busy: 1 })
    assert.deepEqual(await troubles(), [])
  })

  it('tells a task that runs longer than its timeout', async () => {
    await peer('alpha')
    await bench.submit('r', [dagPlan('main', [{ name: 'a', timeoutMs: 1000 }])])
    await bench.claim('alpha', id('r', 'a'))
    clock.advance(20_000)
    await report({ alpha: [] }, { busy: 1 })
    assert.deepEqual(
      (await status()).troubles.map(({ kind }) => kind),
      ['overdue'],
    )
  })

  it('counts what waits in a join apart from what takes a place', async () => {
    await peer('alpha')
    await bench.submit('r', [dagPlan('main', ['a', 'b'])])
    for (const name of ['a', 'b']) await bench.claim('alpha', id('r', name))
    await report({ alpha: [] }, { busy: 1 })
    const [alpha] = (await status()).peers
    assert.deepEqual([alpha?.running.length, alpha?.busy, alpha?.joining], [2, 1, 1])
  })

  it('lets each DAG that is not done be supervised by one live peer, who hands it on when it goes', async () => {
    for (const name of ['alpha', 'beta']) await peer(name)
    await bench.submit('r', [dagPlan('main', ['a']), dagPlan('other', ['x'])])
    const all = async () =>
      (await status()).peers.filter(({ state }) => state !== 'dead').flatMap(({ supervises }) => supervises)
    assert.deepEqual((await all()).toSorted(), ['r/main:1', 'r/other:1'])
    await bench.kill('alpha')
    assert.deepEqual((await all()).toSorted(), ['r/main:1', 'r/other:1'])
    await bench.run('beta', id('r', 'a'))
    assert.deepEqual(await all(), ['r/other:1'])
  })

  it('lets a peer that is to leave supervise nothing as soon as that is asked, unless nobody else is there', async () => {
    for (const name of ['alpha', 'beta']) await peer(name)
    await bench.submit('r', [dagPlan('main', ['a']), dagPlan('other', ['x'])])
    const supervising = async () => (await status()).peers.map(({ name, supervises }) => [name, supervises.length])
    await ledger.requestDrain('alpha', 'anna')
    assert.deepEqual(await supervising(), [
      ['alpha', 0],
      ['beta', 2],
    ])
    await report({ beta: [] }, { draining: true })
    const dags = (await supervising()).reduce((sum, [, count]) => sum + Number(count), 0)
    assert.equal(dags, 2)
  })

  it('tells a run that was given up because its task killed peers', async () => {
    await bench.submit('r', [dagPlan('main', ['a'])])
    for (const name of ['x', 'y', 'z']) {
      await peer(name)
      await bench.claim(name, id('r', 'a'))
      await bench.kill(name)
      await ledger.reclaim(10)
    }
    assert.ok((await status()).troubles.some(({ kind, run }) => kind === 'quarantined' && run === 'r'))
  })

  it('tells peers that differ in version, and those of other meshes', async () => {
    await peer('alpha', { version: '0.1.0' })
    await peer('beta', { version: '0.2.0' })
    await report({ alpha: ['beta'] }, { stats: { foreignPeers: 1 } })
    await report({ beta: ['alpha'] }, { stats: { foreignPeers: 2 } })
    const told = await troubles()
    assert.ok(told.includes('versions: The peers differ in version: 0.1.0 (alpha), 0.2.0 (beta).'))
    const foreign = told.filter(text => text.startsWith('foreign'))
    assert.equal(foreign.length, 1)
    assert.match(foreign.join(), /beta sees 2 peers of another mesh/)
  })

  it('gives times from ready to claimed, and tries a win', async () => {
    await peer('alpha')
    await bench.submit('r', [dagPlan('main', ['a', 'b'])])
    clock.advance(40)
    const { claim } = await bench.claim('alpha', id('r', 'a'))
    await ledger.complete(claim, DONE)
    await report({ alpha: [] }, { stats: { claimsTried: 3, claimsWon: 2 } })
    const { metrics } = await status()
    const noInputs = { localBytesPerAttempt: null, pulledBytesPerAttempt: null }
    const hints = { published: 0, received: 0, refused: 0, dropped: 0, toNobody: 0 }
    assert.deepEqual(metrics, {
      claimAttemptsPerWin: 1.5,
      readyToClaimedP50Ms: 40,
      readyToClaimedP99Ms: 40,
      ...noInputs,
      hints,
    })
  })

  it('counts the hints of all live peers: sent, heard, refused, given up, heard by nobody', async () => {
    for (const name of ['alpha', 'beta', 'gone']) await peer(name)
    const stats = { hintsPublished: 3, hintsReceived: 2, hintsRefused: 1, hintsDropped: 4, publishedToNobody: 5 }
    await report({ alpha: [], beta: [], gone: [] }, { stats })
    await bench.kill('gone')
    const { metrics } = await status()
    assert.deepEqual(metrics.hints, { published: 6, received: 4, refused: 2, dropped: 8, toNobody: 10 })
  })

  it('tells how many bytes of input were there already, and how many had to come, for each attempt', async () => {
    for (const name of ['alpha', 'beta']) await peer(name)
    await report({ alpha: [], beta: [] }, { stats: { attemptsFetched: 2, bytesLocal: 300_000, bytesPulled: 100_000 } })
    const { metrics } = await status()
    assert.deepEqual([metrics.localBytesPerAttempt, metrics.pulledBytesPerAttempt], [150_000, 50_000])
  })
})

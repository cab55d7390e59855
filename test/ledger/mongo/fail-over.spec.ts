import assert from 'node:assert/strict'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Claim } from '../../../src/lease/records.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { RULES } from '../../../src/supervisor/rules.ts'
import { SessionKeeper } from '../../../src/supervisor/session-keeper.ts'
import { Sweep } from '../../../src/supervisor/sweep.ts'
import { LAN_TIMING } from '../../../src/supervisor/timing.ts'
import { Bench, DONE, dagPlan, HandClock, id } from '../contract/bench.ts'
import { eventually } from '../../support/eventually.ts'
import { MONGODB_URI } from './temporary-database.ts'
import { MONGODB_CONTROL, TestBed } from './test-bed.ts'
import { answered, openSeveral } from './with-faults.ts'

const PEERS = 3
const LANES = 40
const WRITES = ['insert', 'update', 'delete', 'findAndModify']

const server = MONGODB_URI
const control = MONGODB_CONTROL
if (server !== undefined && control !== undefined) {
  describe('the mongodb ledger when its servers fail', function () {
    this.timeout(60_000)
    suite(server, new TestBed(control))
  })
}

function suite(server: string, bed: TestBed): void {
  let ledgers: [Ledger, ...Ledger[]]
  let close: () => Promise<void>
  let bench: Bench

  beforeEach(async () => {
    const opened = await openSeveral(server, PEERS)
    ledgers = opened.ledgers
    close = opened.close
    bench = new Bench(ledgers[0], { clock: new HandClock(), random: systemRandom })
    for (const [index] of ledgers.entries()) await bench.session(`s${index}`)
  })

  afterEach(async () => {
    await bed.reset()
    await close()
  })

  const cases: { name: string; during: (progress: (count: number) => Promise<unknown>) => Promise<void> }[] = [
    {
      name: 'the primary crashes three times',
      during: async progress => {
        for (const count of [5, 30, 60]) {
          await progress(count)
          await bed.stepDown({ electionMs: 500 })
        }
      },
    },
    {
      name: 'the primary steps down and keeps its connections',
      during: async progress => {
        await progress(5)
        await bed.stepDown({ electionMs: 1000, keepConnections: true })
      },
    },
    {
      name: 'connections break after writes were applied',
      during: () => bed.fail({ command: WRITES, mode: 'closeAfterCommit', probability: 0.03 }),
    },
    {
      name: 'connections break before writes are applied',
      during: () => bed.fail({ command: WRITES, mode: 'closeBefore', probability: 0.03 }),
    },
    {
      name: 'writes are not confirmed by a majority',
      during: () =>
        bed.fail({
          command: WRITES,
          mode: 'writeConcernError',
          probability: 0.05,
          writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' },
        }),
    },
    {
      name: 'answers are late',
      during: () => bed.fail({ command: '*', mode: 'delayAfterCommit', ms: 200, probability: 0.03 }),
    },
    {
      name: 'the primary is killed and comes back',
      during: async progress => {
        await progress(5)
        await bed.kill()
        await progress(40)
        for (let member = 0; member < 3; member++) await bed.restart(member)
      },
    },
    {
      name: 'the primary freezes and wakes up',
      during: async progress => {
        await progress(5)
        await bed.freeze({ ms: 4000, electionMs: 1000 })
      },
    },
  ]
  for (const { name, during } of cases) {
    it(`brings a run to its end with every task done once while ${name}`, async () => {
      const names = Array.from({ length: LANES }, (_, index) => `t${index}`)
      const edges = names.flatMap(name => [`start>${name}`, `${name}>after-${name}`, `after-${name}>end`])
      const tasks = ['start', ...names, ...names.map(name => `after-${name}`), 'end']
      await bench.submit('r', [dagPlan('main', tasks, edges)])
      const acknowledged: Claim[] = []
      const progress = (count: number) => eventually(() => acknowledged.length >= count, 30_000)
      const work = ledgers.map((ledger, index) => workThrough(ledger, `s${index}`, acknowledged))
      await Promise.all([during(progress), ...work])
      await bed.reset()
      await assertDoneOnce(tasks.length, acknowledged)
    })
  }

  /** Claims and completes until the run is over, as several tasks at once do. */
  async function workThrough(ledger: Ledger, session: string, acknowledged: Claim[]): Promise<void> {
    const lane = async () => {
      while ((await answered(() => ledger.run('r')))?.state === 'running') {
        await answered(() => ledger.settle(100))
        const { tasks } = await answered(() => ledger.peekReady(['task'], 20))
        const task = tasks[Math.floor(systemRandom.float() * tasks.length)]
        if (task === undefined) continue
        const request = [{ task: task.id, claimId: systemRandom.hex(16) }]
        const [won] = await answered(() => ledger.claim(session, request))
        if (won === undefined) continue
        const { accepted } = await answered(() => ledger.complete(won.claim, DONE))
        assert.equal(accepted, true, `${won.claim.task} was held and is not accepted`)
        acknowledged.push(won.claim)
      }
    }
    await Promise.all([lane(), lane(), lane()])
  }

  async function assertDoneOnce(count: number, acknowledged: readonly Claim[]): Promise<void> {
    const tasks = await ledgers[0].tasks('r')
    assert.equal(tasks.length, count)
    assert.equal(await bench.runState('r'), 'succeeded')
    assert.deepEqual(
      tasks.filter(({ state, attempts, history }) => state !== 'done' || attempts !== 1 || history.length !== 1),
      [],
    )
    const byTask = new Map(acknowledged.map(claim => [claim.task, claim]))
    assert.equal(byTask.size, count)
    for (const { id, epoch, claimId } of tasks) assert.deepEqual(byTask.get(id), { task: id, epoch, claimId })
  }

  it('appends and counts once, however often a write has to be repeated', async () => {
    await bench.submit('r', [dagPlan('main', ['a'])])
    const { claim } = await bench.claim('s0', id('r', 'a'))
    await bed.fail({ command: WRITES, mode: 'closeAfterCommit', probability: 0.1 })
    await Promise.all(
      Array.from({ length: 45 }, async (_, value) => {
        const ledger = ledgers[value % PEERS] ?? ledgers[0]
        const [push, count] = [systemRandom.hex(8), systemRandom.hex(8)]
        const list = { kind: 'push', section: 'data', path: 'x.list', value } as const
        await answered(() => ledger.storeWrite(claim, list, push))
        const sum = { kind: 'increment', section: 'data', path: 'x.sum', value } as const
        await answered(() => ledger.storeWrite(claim, sum, count))
        await answered(() => ledger.storeWrite(claim, sum, count))
      }),
    )
    await bed.reset()
    const all = Array.from({ length: 45 }, (_, value) => value)
    const list = (await ledgers[0].storeGet('r', 'data', 'x.list')) as number[]
    assert.deepEqual(
      list.sort((one, other) => one - other),
      all,
    )
    assert.equal(
      await ledgers[0].storeGet('r', 'data', 'x.sum'),
      all.reduce((sum, value) => sum + value),
    )
  })

  it('says soon that it does not answer when nobody does, and goes on when somebody does', async () => {
    await bench.submit('r', [dagPlan('main', ['a'])])
    for (let member = 0; member < 3; member++) await bed.kill(member)
    await assert.rejects(ledgers[0].peekReady(['task'], 1), { code: 'LF_LEDGER_UNAVAILABLE' })
    await bed.reset()
    assert.equal((await answered(() => ledgers[0].peekReady(['task'], 1))).tasks.length, 1)
  })

  it('buries nobody and ends no work in an outage of 15 s', async () => {
    // These do not beat: they would be buried with good reason.
    for (const [index, ledger] of ledgers.entries()) await ledger.closeSession(`s${index}`)
    const ended: string[] = []
    const peers = ledgers.map((ledger, index) => livingPeer(ledger, `peer${index}`, what => ended.push(what)))
    try {
      for (const { keeper } of peers) await keeper.open()
      for (const { sweep } of peers) sweep.start()
      const beats = async () => {
        const sessions = await answered(() => ledgers[0].sessions())
        return peers.map(({ keeper }) => sessions.find(session => session.id === keeper.session)?.beat ?? -1)
      }
      await eventually(async () => (await beats()).every(beat => beat > 0), 15_000)
      for (let member = 0; member < 3; member++) await bed.freeze({ member, ms: 15_000 })
      const before = await beats()
      await eventually(async () => (await beats()).every((beat, index) => beat > (before[index] ?? 0) + 1), 30_000, 200)
      assert.deepEqual(ended, [])
    } finally {
      for (const { sweep, keeper } of peers) await Promise.all([sweep.stop(), keeper.stop()])
    }
  })
}

/** What keeps a peer alive and watches the others, with the timing of a LAN. */
function livingPeer(ledger: Ledger, peer: string, onEnd: (what: string) => void) {
  const parts = { ledger, clock: systemClock, random: systemRandom, log: silentLog, timing: LAN_TIMING }
  const keeper = new SessionKeeper({
    ...parts,
    describe: () => ({
      id: systemRandom.hex(16),
      peer,
      name: peer,
      host: 'somewhere',
      pid: 1,
      kind: 'node',
      ttlMs: LAN_TIMING.ttlMs,
      addrs: [],
      queues: ['task'],
      capacity: 1,
      version: '0',
      labels: {},
    }),
    report: () => ({ busy: 0, connected: [], addrs: [], draining: false }),
    onFence: reason => onEnd(`${peer} fenced itself: ${reason}`),
    onEvicted: () => onEnd(`${peer} was evicted`),
    onFailure: () => {},
    onOpen: () => {},
  })
  const sweep = new Sweep({
    ...parts,
    rules: RULES,
    isQuiet: () => false,
    self: () => keeper,
    onSessions: () => {},
    onBuried: ({ name }) => onEnd(`${peer} buried ${name}`),
    onReclaimed: () => {},
    onSettled: () => {},
    onEnded: () => {},
    afterwards: async () => {},
  })
  return { keeper, sweep }
}

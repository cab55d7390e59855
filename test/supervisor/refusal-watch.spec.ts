import assert from 'node:assert/strict'
import { silentLog } from '../../src/core/log.ts'
import { seededRandom } from '../../src/core/random.ts'
import { newSession } from '../../src/lease/session-life.ts'
import type { SessionRecord } from '../../src/lease/records.ts'
import type { Ledger, ProbeResult } from '../../src/ledger/ledger.ts'
import { openMemoryLedger } from '../../src/ledger/memory/memory-ledger.ts'
import type { DialVerdict } from '../../src/mesh/mesh.ts'
import { RefusalWatch } from '../../src/supervisor/refusal-watch.ts'
import { RULES } from '../../src/supervisor/rules.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { dagPlan, taskPlan } from '../support/memory-peers.ts'

const ORIGIN = { bundle: 'b', args: {}, submittedBy: 'test', keepData: true, priority: 0, queue: null }

describe('RefusalWatch', () => {
  let clock: ManualClock
  let ledger: Ledger
  let verdict: DialVerdict
  let lock: ProbeResult['verdict']
  let buried: string[]
  let watch: RefusalWatch

  beforeEach(async () => {
    clock = new ManualClock()
    verdict = 'answers'
    lock = 'unknown'
    buried = []
    ledger = intercept(openMemoryLedger({ clock, random: seededRandom(1) }), {
      probe: async (_original, ids) => ids.map(session => ({ session, verdict: lock })),
    })
    for (const id of ['me', 'other']) await ledger.openSession(description(id))
    watch = new RefusalWatch({
      ledger,
      mesh: { probe: async () => verdict, connected: () => ['peer-other'] },
      clock,
      log: silentLog,
      rules: RULES,
      self: () => ({ session: 'me', valid: true }),
      onBuried: ({ id }) => buried.push(id),
    })
  })

  afterEach(() => watch.stop())

  function description(id: string): SessionRecord {
    const given = { id, peer: `peer-${id}`, name: id, host: 'h', pid: 1, kind: 'node', ttlMs: 45_000 } as const
    return newSession({ ...given, addrs: [], queues: ['task'], capacity: 1, version: '0', labels: {} }, 0)
  }

  async function lose(): Promise<void> {
    watch.update(await ledger.sessions())
    await clock.advance(10)
    verdict = 'refused'
    watch.lost('peer-other')
  }

  async function claimFor(session: string, effect: 'pure' | 'exclusive'): Promise<void> {
    const plan = { name: 'w', description: '', dags: [dagPlan('main', [taskPlan('x', { effect })])], options: [] }
    await ledger.submit({ id: 'r', plan, ...ORIGIN })
    await ledger.claim(session, [{ task: 'r/main:1/x', claimId: 'c' }])
  }

  it('buries a peer whose port answered before and refuses now, within two seconds', async () => {
    await claimFor('other', 'pure')
    await lose()
    await clock.advance(2000)
    assert.deepEqual(buried, ['other'])
    const dead = (await ledger.sessions(0)).find(({ id }) => id === 'other')
    assert.deepEqual([dead?.deathProof, dead?.buriedBy], ['refused', 'me'])
  })

  it('leaves a peer alone that beats after its connection was lost', async () => {
    await lose()
    await clock.advance(500)
    await ledger.beat('other', 1, { busy: 0, connected: [], addrs: [], draining: false })
    await clock.advance(5000)
    assert.deepEqual(buried, [])
  })

  it('leaves a peer alone whose port answers again, or does not answer at all', async () => {
    for (const then of ['answers', 'unreachable'] as const) {
      await lose()
      await clock.advance(500)
      verdict = then
      await clock.advance(5000)
      assert.deepEqual(buried, [], then)
    }
  })

  it('takes no refusal for evidence of a port that never answered from here', async () => {
    verdict = 'unreachable'
    watch.update(await ledger.sessions())
    await clock.advance(10)
    verdict = 'refused'
    watch.lost('peer-other')
    await clock.advance(5000)
    assert.deepEqual(buried, [])
  })

  it('leaves a peer alone whose process holds its lock on this host', async () => {
    lock = 'alive'
    await lose()
    await clock.advance(5000)
    assert.deepEqual(buried, [])
  })

  it('leaves a peer that holds an exclusive task to its silence', async () => {
    await claimFor('other', 'exclusive')
    await lose()
    await clock.advance(5000)
    assert.deepEqual(buried, [])
  })

  it('does not work out who watches whom for each connection of many that are lost together', async () => {
    let askedFor = 0
    const many = new RefusalWatch({
      ledger,
      mesh: { probe: async () => verdict, connected: () => [] },
      clock,
      log: silentLog,
      rules: RULES,
      self: () => {
        askedFor += 1
        return { session: 'me', valid: true }
      },
      onBuried: () => {},
    })
    const others = Array.from({ length: 100 }, (_, index) => description(`other-${index}`))
    many.update([description('me'), ...others])
    for (const { peer } of others) many.lost(peer)
    assert.ok(askedFor <= 1, `worked out ${askedFor} times`)
    await many.stop()
  })

  it('stops in the middle of its dials', async () => {
    await lose()
    await clock.advance(500)
    await watch.stop()
    await clock.advance(5000)
    assert.deepEqual(buried, [])
    assert.equal(clock.pending, 0)
  })
})

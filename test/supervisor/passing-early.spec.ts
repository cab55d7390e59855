import assert from 'node:assert/strict'
import { encode } from '../../protocols/msgpack.ts'
import type { Hint } from '../../protocols/hints.ts'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts'
import { MemoryMesh } from '../../src/mesh/memory/memory-mesh.ts'
import { makeEarlyWord } from '../../src/supervisor/early-word.ts'
import { newRun } from '../ledger/contract/bench.ts'
import { temporaryFolder } from '../ledger/sqlite/temporary-folder.ts'
import { eventually } from '../support/eventually.ts'
import { intercept } from '../support/intercept.ts'
import { MemoryPeers, dagPlan, taskPlan, type MemoryPeer } from '../support/memory-peers.ts'
import type { Script } from '../support/scripted-pool.ts'

const HOPS = 8
const QUEUES = ['task', 'other'] as const

describe('a pure task that is being claimed for another peer', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let peers: MemoryPeers
  let ledgers: Ledger[]

  beforeEach(async () => {
    folder = await temporaryFolder()
    peers = new MemoryPeers()
    ledgers = []
  })
  afterEach(async () => {
    await peers.close()
    await Promise.all(ledgers.map(ledger => ledger.close()))
    await folder.remove()
  })

  async function open(): Promise<Ledger> {
    const path = `${folder.path}/ledger.sqlite`
    const ledger = await openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
    ledgers.push(ledger)
    return ledger
  }

  /** Two peers of one queue each on one file, and what they tell each other. */
  async function pair(script: Script = async () => {}) {
    const told: Hint[] = []
    const add = async (name: string, queue: string): Promise<{ peer: MemoryPeer; ledger: Ledger }> => {
      const ledger = await open()
      const { incarnation } = ledger
      const mesh = new MemoryMesh({ bus: peers.bus, peer: `peer-${name}`, incarnation, clock: systemClock })
      await mesh.start()
      const listening = intercept(mesh, {
        tell(tell, peer, hints) {
          told.push(...hints)
          tell(peer, hints)
        },
      })
      // Beats that are far apart: a machine that stands still for a moment silences nobody.
      const timing = { beatMs: 2000 }
      return {
        peer: await peers.add(name, script, { ledger, mesh: listening, queues: [queue], capacity: 2, timing }),
        ledger,
      }
    }
    const one = await add('one', 'task')
    const other = await add('other', 'other')
    await eventually(() => one.peer.mesh.connected().length === 1 && other.peer.mesh.connected().length === 1)
    return { one, other, told }
  }

  const submit = (ledger: Ledger) => {
    const names = Array.from({ length: HOPS }, (_, index) => `t${index}`)
    const tasks = names.map((name, index) => taskPlan(name, { queue: QUEUES[index % 2] ?? '', effect: 'pure' }))
    const edges = names.slice(1).map((name, index): [string, string] => [`t${index}`, name])
    return ledger.submit(newRun('r', [dagPlan('main', tasks, edges)], { bundle: 'b'.repeat(64) }))
  }
  const ended = (ledger: Ledger) => eventually(async () => (await ledger.run('r'))?.state === 'succeeded')

  it('begins by the word of that peer, once, and is written as ever', async () => {
    const { one, other, told } = await pair()
    await submit(one.ledger)
    await ended(one.ledger)
    const words = told.filter(hint => hint.kind === 'passed' && hint.early !== undefined)
    assert.ok(words.length > 0, 'nothing was told early')
    assert.deepEqual([one.peer.pool.started.length, other.peer.pool.started.length], [HOPS / 2, HOPS / 2])
    for (const { state, attempts, history } of await one.ledger.tasks('r')) {
      assert.deepEqual([state, attempts, history.length], ['done', 1, 1])
    }
  })

  it('may write to the store: that waits until the claim is told of', async () => {
    const { one } = await pair(async (job, host) => {
      await host.storeWrite({ kind: 'set', section: 'data', path: job.task, value: true })
    })
    await submit(one.ledger)
    await ended(one.ledger)
    const tasks = await one.ledger.tasks('r')
    assert.deepEqual(
      tasks.map(({ attempts, state }) => [attempts, state]),
      tasks.map(() => [1, 'done']),
    )
  })

  it('runs for nobody when the word was false, and is forgotten', async () => {
    const { one, other } = await pair()
    await submit(one.ledger)
    await ended(one.ledger)
    await eventually(() => other.peer.supervisor.attempts === 0)
    const { session } = other.peer.supervisor
    const [claimed] = await one.ledger.tasks('r')
    assert.ok(claimed)
    const heard: string[] = []
    const { events } = other.peer.supervisor
    for (const kind of ['task:claimed', 'task:ended', 'task:dropped'] as const) {
      events.on(kind, () => void heard.push(kind))
    }
    const claim = { task: 'r/main:1/t1', epoch: 7, claimId: 'f'.repeat(32) }
    const head = (await one.ledger.runHead('r')) ?? assert.fail()
    const task = { ...claimed, id: claim.task, name: 't1', queue: 'other', epoch: 7, claimId: claim.claimId }
    const early = makeEarlyWord({ claim, task, run: head, blueprint: 'main', inputs: [], start: null })
    const before = other.peer.pool.started.length
    assert.ok(early)
    one.peer.mesh.tell(other.peer.mesh.peer, [
      { kind: 'passed', session, early },
      { kind: 'passed', session, early: encode('nonsense') },
    ])
    await eventually(() => other.peer.pool.started.length === before + 1)
    await eventually(() => other.peer.supervisor.attempts === 0)
    assert.equal((await one.ledger.task(claim.task))?.history.length, 1)
    assert.deepEqual(heard, [])
  })
})

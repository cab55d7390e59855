import assert from 'node:assert/strict'
import { decode, encode } from '../../protocols/msgpack.ts'
import type { ClaimedTask, Ledger } from '../../src/ledger/ledger.ts'
import type { Hint } from '../../protocols/hints.ts'
import { isYoung } from '../../src/supervisor/lease-rules.ts'
import { RECONCILE_EVERY_MS, type Timing } from '../../src/supervisor/timing.ts'
import { eventually } from '../support/eventually.ts'
import { intercept } from '../support/intercept.ts'
import { MemoryPeers, dagPlan, taskPlan, type MemoryPeer } from '../support/memory-peers.ts'

const HOPS = 12
const QUEUES = ['task', 'other'] as const
const SLOW = { beatMs: 2000, sweepMs: 2000 }
const NAMES = Array.from({ length: HOPS }, (_, index) => `t${index}`)

/** How a ledger words what is claimed for others, and reads it. */
interface Wording {
  /** Of the session, which has this one now. */
  beat: (now: number) => number
  read: (row: Uint8Array) => ClaimedTask | undefined
}

describe('a word about a task that is claimed for another peer', () => {
  let peers: MemoryPeers
  let looks: number
  let readings: number

  beforeEach(() => {
    peers = new MemoryPeers()
    looks = readings = 0
  })
  afterEach(() => peers.close())

  /** A ledger that words what is passed on, as MongoDB's does. */
  function wording({ beat, read }: Wording): Ledger {
    const { ledger } = peers
    return intercept(ledger, {
      complete: async (complete, ...args) => {
        const completion = await complete(...args)
        const passedOn = completion.passedOn.map(async passed => {
          const held = (await ledger.passedTo(passed.session, [])).find(({ claim }) => claim.task === passed.claim.task)
          const now = (await ledger.sessions()).find(({ id }) => id === passed.session)?.beat ?? 0
          return { ...passed, word: { beat: beat(now), row: encode(held) } }
        })
        return { ...completion, passedOn: await Promise.all(passedOn) }
      },
      passedTo: (passedTo, ...args) => {
        looks += 1
        return passedTo(...args)
      },
      readPassed: (_, _session, row) => {
        readings += 1
        return read(row)
      },
    })
  }

  function submitHops(): Promise<unknown> {
    const tasks = NAMES.map((name, index) => taskPlan(name, { queue: QUEUES[index % 2] ?? '' }))
    const edges = NAMES.slice(1).map((name, index): [string, string] => [`t${index}`, name])
    return peers.submit('r', [dagPlan('main', tasks, edges)])
  }

  const succeeded = () => eventually(async () => (await peers.ledger.run('r'))?.state === 'succeeded')

  async function runAll(ledger: Ledger, timing: Partial<Timing> = {}): Promise<[MemoryPeer, MemoryPeer]> {
    const options = { capacity: 3, ledger, timing: { ...SLOW, ...timing } }
    const a = await peers.add('a', async () => {}, { queues: ['task'], ...options })
    const b = await peers.add('b', async () => {}, { queues: ['other'], ...options })
    await eventually(() => a.mesh.connected().length === 1 && b.mesh.connected().length === 1)
    await submitHops()
    await succeeded()
    assert.deepEqual([a.pool.started.length, b.pool.started.length], [HOPS / 2, HOPS / 2])
    for (const { attempts, epoch } of await peers.ledger.tasks('r')) assert.deepEqual([attempts, epoch], [1, 1])
    return [a, b]
  }

  const plainly = (row: Uint8Array) => decode(row) as ClaimedTask

  it('lets it begin without a look at the ledger', async () => {
    await runAll(wording({ beat: now => now, read: plainly }))
    assert.ok(readings > HOPS / 2, `${readings} words were read`)
    assert.ok(looks < HOPS / 2, `${looks} looks at ${HOPS} steps`)
  })

  it('is not read when it may be old, for all that is known of its beat: the task is looked for', async () => {
    await runAll(wording({ beat: now => now + 1000, read: plainly }))
    assert.equal(readings, 0)
    assert.ok(looks > HOPS / 2)
  })

  it('is not read when that beat was sent longer ago than a claim surely stays with a peer that does not run it', () => {
    assert.deepEqual([0, 9000, 9001, RECONCILE_EVERY_MS, Infinity].map(isYoung), [true, true, false, false, false])
  })

  it('is followed once: an answer that was read before that had ended begins nothing again', async () => {
    const read: ClaimedTask[] = []
    let answers = 0
    const worded = wording({
      beat: now => now,
      read: row => {
        const told = plainly(row)
        read.push(told)
        return told
      },
    })
    const ledger = intercept(worded, {
      passedTo: async (_, session, except) => {
        const held = read.filter(({ claim, task }) => task.owner === session && !except.includes(claim.claimId))
        if (held.length > 0) answers += 1
        return held
      },
    })
    const [a, b] = await runAll(ledger, { sweepMs: 20 })
    const before = answers
    await eventually(() => answers > before + 4)
    assert.deepEqual([a.pool.started.length, b.pool.started.length], [HOPS / 2, HOPS / 2])
  })

  it('that comes once more after its task could not be recorded begins nothing', async () => {
    const heard: Hint[] = []
    let isRefused = false
    const ledger = intercept(wording({ beat: now => now, read: plainly }), {
      complete: async (complete, claim, ...args) => {
        if (isRefused || !claim.task.endsWith('/t1')) return complete(claim, ...args)
        isRefused = true
        throw new Error('not authorized')
      },
    })
    const a = await peers.add('a', async () => {}, { queues: ['task'], ledger, timing: SLOW })
    const gate = Promise.withResolvers<void>()
    const b = await peers.add('b', async ({ context }) => (context.attempt > 1 ? gate.promise : undefined), {
      queues: ['other'],
      capacity: 3,
      ledger,
      timing: SLOW,
    })
    b.mesh.on('hint', ({ hint }) => {
      if (hint.kind === 'passed') heard.push(hint)
    })
    await eventually(() => a.mesh.connected().length === 1 && b.mesh.connected().length === 1)
    await submitHops()
    await eventually(() => b.pool.started.length === 2)
    const [word] = heard.filter(hint => hint.kind === 'passed' && hint.word !== undefined)
    assert.ok(word)
    const before = heard.length
    a.mesh.tell(b.mesh.peer, [word])
    await eventually(() => heard.length > before)
    assert.equal(b.pool.started.length, 2)
    gate.resolve()
    await succeeded()
  })

  it('that its ledger cannot read makes its peer look', async () => {
    await runAll(wording({ beat: now => now, read: () => undefined }))
    assert.ok(readings > HOPS / 2)
    assert.ok(looks > HOPS / 2)
  })
})

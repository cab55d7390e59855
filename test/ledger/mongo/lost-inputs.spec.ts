import assert from 'node:assert/strict'
import { systemRandom } from '../../../src/core/random.ts'
import type { ClaimedTask, Ledger } from '../../../src/ledger/ledger.ts'
import { complete } from '../../../src/ledger/mongo/complete.ts'
import { loseInputs } from '../../../src/ledger/mongo/lose-inputs.ts'
import { type Bench, DONE, dagPlan, id, payload } from '../contract/bench.ts'
import type { HookedContext } from './hooked-context.ts'
import { openHooked } from './hooked-ledger.ts'
import { MONGODB_URI } from './temporary-database.ts'

const server = MONGODB_URI
if (server !== undefined) {
  describe('a lost input on MongoDB, and what others do between two steps', function () {
    this.timeout(30_000)
    suite(server)
  })
}

const STOP = { reason: 'stopped', by: 'test', at: 1, error: null } as const

function suite(server: string): void {
  let others: Ledger
  let hooked: HookedContext
  let bench: Bench
  let run: string
  let close: () => Promise<void>

  before(async () => {
    ;({ others, hooked, bench, close } = await openHooked(server))
  })

  after(() => close?.())

  beforeEach(async () => {
    run = systemRandom.hex(4)
    await bench.submit(run, [dagPlan('main', ['a', 'b'], ['a>b'])])
  })

  const made = (text: string) => ({ ...DONE, out: payload(text, ['far']) })

  function lossOf({ inputs }: ClaimedTask) {
    const error = { code: 'LF_PAYLOAD_LOST', message: 'lost' }
    return { inputs: inputs.map(({ task, epoch }) => ({ task, epoch })), error }
  }

  async function settle(): Promise<void> {
    for (let times = 0; times < 4; times++) await others.settle(100)
  }

  /** `b` is claimed and loses what `a` left. */
  async function loseByOthers(): Promise<void> {
    const reader = await bench.claim('s', id(run, 'b'))
    assert.equal((await others.loseInputs(reader.claim, lossOf(reader))).state, 'blocked')
  }

  it('leaves nothing open when the run is stopped just before its maker is made ready', async () => {
    await bench.run('s', id(run, 'a'), made('first'))
    const reader = await bench.claim('s', id(run, 'b'))
    hooked.once('tasks', 'replaceOne', async sendLoss => {
      hooked.once('tasks', 'replaceOne', async sendRemake => {
        await others.stopRun(run, STOP)
        return sendRemake()
      })
      return sendLoss()
    })
    await loseInputs(hooked.context, reader.claim, lossOf(reader))
    await settle()
    assert.equal(await bench.runState(run), 'stopped')
    assert.deepEqual(await bench.states(run), { a: 'cancelled', b: 'cancelled' })
  })

  it('is not taken for made again by the fan-out of the first time, which comes late', async () => {
    const { claim } = await bench.claim('s', id(run, 'a'))
    hooked.once('tasks', 'bulkWrite', async send => {
      await settle()
      await loseByOthers()
      assert.deepEqual(await bench.states(run), { a: 'ready', b: 'blocked' })
      return send()
    })
    await complete(hooked.context, claim, made('first'))
    assert.deepEqual(await bench.states(run), { a: 'ready', b: 'blocked' })
    await bench.run('s', id(run, 'a'), made('second'))
    assert.equal((await bench.run('s', id(run, 'b'))).runEnded, 'succeeded')
  })

  it('is not forgotten when the first end of its maker is struck off only after the second', async () => {
    const { claim } = await bench.claim('s', id(run, 'a'))
    await complete(hooked.context, claim, made('first'))
    hooked.once('tasks', 'bulkWrite', async send => {
      await loseByOthers()
      const again = await bench.claim('s', id(run, 'a'))
      hooked.once('tasks', 'find', () => {
        throw Object.assign(new Error('as if the process had died'), { name: 'MongoServerError', code: 8 })
      })
      await assert.rejects(complete(hooked.context, again.claim, made('second')))
      return send()
    })
    await hooked.context.strikeOffs.flush()
    assert.deepEqual(await bench.states(run), { a: 'done', b: 'blocked' })
    await settle()
    assert.deepEqual(await bench.states(run), { a: 'done', b: 'ready' })
  })

  it('that was made again while its loss was recorded is not waited for', async () => {
    await bench.submit(`${run}x`, [dagPlan('main', ['a', 'b', 'c'], ['a>b', 'a>c'])])
    await bench.run('s', id(`${run}x`, 'a'), made('first'))
    const [one, other] = [await bench.claim('s', id(`${run}x`, 'b')), await bench.claim('s', id(`${run}x`, 'c'))]
    hooked.once('tasks', 'replaceOne', async send => {
      await others.loseInputs(other.claim, lossOf(other))
      await bench.run('s', id(`${run}x`, 'a'), made('second'))
      return send()
    })
    await loseInputs(hooked.context, one.claim, lossOf(one))
    assert.deepEqual(await bench.states(`${run}x`), { a: 'done', b: 'ready', c: 'ready' })
  })
}

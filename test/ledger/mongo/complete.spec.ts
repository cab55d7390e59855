import assert from 'node:assert/strict'
import { MongoNetworkError } from 'mongodb'
import { systemRandom } from '../../../src/core/random.ts'
import type { Claim, SessionRecord } from '../../../src/lease/records.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { claimAll } from '../../../src/ledger/mongo/claims.ts'
import { complete } from '../../../src/ledger/mongo/complete.ts'
import { type Bench, DONE, dagPlan, id } from '../contract/bench.ts'
import type { HookedContext } from './hooked-context.ts'
import { openHooked } from './hooked-ledger.ts'
import { MONGODB_URI } from './temporary-database.ts'

const server = MONGODB_URI
if (server !== undefined) {
  describe('completions at the same time on MongoDB', function () {
    this.timeout(30_000)
    suite(server)
  })
}

const notAuthorized = () => Promise.reject(Object.assign(new Error('not authorized'), { code: 13 }))

function suite(server: string): void {
  let others: Ledger
  let hooked: HookedContext
  let bench: Bench
  let session: SessionRecord
  let run: string
  let close: () => Promise<void>

  before(async () => {
    ;({ others, hooked, bench, session, close } = await openHooked(server))
  })

  after(() => close?.())

  /** `a`, `b` and `c`, of which only the last is still known as it was claimed. */
  let claims: Claim[]
  beforeEach(async () => {
    await hooked.context.strikeOffs.flush()
    run = systemRandom.hex(4)
    await bench.submit(run, [dagPlan('main', ['a', 'b', 'c', 'next'], ['c>next'])])
    const requests = ['a', 'b', 'c'].map(name => ({ task: id(run, name), claimId: systemRandom.hex(16) }))
    claims = (await claimAll(hooked.context, session, requests)).map(({ claim }) => claim)
    for (const { claimId } of claims.slice(0, -1)) hooked.context.known.held.delete(claimId)
  })

  const completeAll = () => Promise.all(claims.map(claim => complete(hooked.context, claim, DONE)))
  async function areAllDone(): Promise<void> {
    const ended = await completeAll()
    assert.deepEqual(
      ended.map(({ accepted, state, ready }) => [accepted, state, ready.map(({ id: task }) => task)]),
      [
        [true, 'done', []],
        [true, 'done', []],
        [true, 'done', [id(run, 'next')]],
      ],
    )
    assert.deepEqual(await bench.states(run), { a: 'done', b: 'done', c: 'done', next: 'ready' })
    for (const { name, history } of await others.tasks(run)) assert.equal(history.length, name === 'next' ? 0 : 1)
  }

  it('fail for none when the only write that was planned is refused: it is tried by itself then', async () => {
    hooked.once('tasks', 'replaceOne', notAuthorized)
    await areAllDone()
  })

  it('are each recorded once when the answer to the only write that was planned is lost', async () => {
    hooked.once('tasks', 'replaceOne', async send => {
      await send()
      throw new MongoNetworkError('connection closed')
    })
    await areAllDone()
  })

  it('fail for none when what follows cannot be read beside them: it is read afterwards', async () => {
    hooked.once('tasks', 'find', () => ({ toArray: notAuthorized }))
    await areAllDone()
  })

  it('tells who is alone of what is wrong with its write', async () => {
    const [, , only] = claims
    hooked.once('tasks', 'replaceOne', notAuthorized)
    await assert.rejects(complete(hooked.context, only ?? assert.fail(), DONE), /not authorized/)
  })
}

import assert from 'node:assert/strict'
import { decode, encode } from '../../../protocols/msgpack.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { PayloadRef } from '../../../src/lease/records.ts'
import type { ClaimedTask, HandOn, Ledger, PassedTask } from '../../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { readPassedWord } from '../../../src/ledger/transactions/passed-word.ts'
import { Bench, dagPlan, DONE, id, newTools } from '../contract/bench.ts'
import { temporaryFolder } from './temporary-folder.ts'

const TO_B: HandOn = {
  session: 'giver',
  queues: ['task'],
  claimIds: [],
  choice: 'successors',
  passOn: { claimIds: ['c'.repeat(32)], to: [{ session: 'b', places: 1 }] },
}

const HASH = 'a'.repeat(64)
const OUT: PayloadRef = { hash: HASH, sizeBytes: 3, inline: new Uint8Array([1, 2, 3]), holders: [] }
const ELSEWHERE: PayloadRef = { ...OUT, inline: null, holders: ['p'] }

describe('the word about what a completion on SQLite claims for another peer', () => {
  let ledger: Ledger
  let bench: Bench
  let remove: () => Promise<void>

  beforeEach(async () => {
    const folder = await temporaryFolder()
    const tools = newTools()
    const clock = { ...systemClock, wallMs: () => tools.clock.wallMs() }
    ledger = await openSqliteLedger({ path: `${folder.path}/l.sqlite`, create: true, clock, random: tools.random })
    bench = new Bench(ledger, tools)
    remove = folder.remove
    await bench.session('giver')
    await bench.session('b', { queues: ['other'] })
  })

  afterEach(async () => {
    await ledger.close()
    await remove()
  })

  /** Completes a task whose successor is of this kind; `out`: what that receives. */
  async function pass(
    effect: 'pure' | 'idempotent',
    { out = OUT, isTold = true } = {},
  ): Promise<PassedTask | undefined> {
    await bench.submit('r', [dagPlan('main', ['a', { name: 'b', queue: 'other', effect }], ['a>b'])], { bundle: HASH })
    const { claim } = await bench.claim('giver', id('r', 'a'))
    const told = isTold ? () => {} : undefined
    const { passedOn } = await ledger.complete(claim, { ...DONE, out, skipSuccessors: false }, TO_B, told)
    return passedOn[0]
  }

  it('says all that its peer would find in the ledger', async () => {
    const { word } = (await pass('idempotent')) ?? assert.fail('nothing was passed on')
    assert.equal(word?.beat, (await ledger.sessions()).find(({ id: session }) => session === 'b')?.beat)
    assert.deepEqual(word && ledger.readPassed('b', word.row), (await ledger.passedTo('b', []))[0])
  })

  it('is not said of a pure task, of which it was foretold', async () => {
    assert.deepEqual(Object.keys((await pass('pure')) ?? {}), ['claim', 'session', 'peer'])
  })

  it('is not said to who hears nothing beforehand', async () => {
    assert.deepEqual(Object.keys((await pass('idempotent', { isTold: false })) ?? {}), ['claim', 'session', 'peer'])
  })

  it('is not said where its inputs have to be fetched', async () => {
    assert.deepEqual(Object.keys((await pass('idempotent', { out: ELSEWHERE })) ?? {}), ['claim', 'session', 'peer'])
  })

  it('is not read when no peer would say it', async () => {
    const { word } = (await pass('idempotent')) ?? assert.fail('nothing was passed on')
    const said = decode(word?.row ?? new Uint8Array()) as ClaimedTask
    const { claim, task, run, inputs } = said
    assert.ok(readPassedWord('b', encode(said)))
    const wrong: Record<string, unknown> = {
      'no task': {},
      'of another session': { ...said, task: { ...task, owner: 'somebody' } },
      'not claimed': { ...said, task: { ...task, state: 'ready' } },
      exclusive: { ...said, task: { ...task, effect: 'exclusive' } },
      'another claim': { ...said, claim: { ...claim, epoch: claim.epoch + 1 } },
      'another task': { ...said, task: { ...task, name: 'a' } },
      'not passed on': { ...said, task: { ...task, history: [] } },
      'a path as a bundle': { ...said, run: { ...run, bundle: '../../etc' } },
      'another run': { ...said, run: { ...run, id: 'other' } },
      'a payload that is not here': { ...said, inputs: inputs.map(each => ({ ...each, payload: ELSEWHERE })) },
      'with start data': { ...said, start: OUT },
    }
    for (const [what, value] of Object.entries(wrong)) {
      assert.equal(readPassedWord('b', encode(value)), undefined, what)
    }
    assert.equal(readPassedWord('a', encode(said)), undefined)
    assert.equal(readPassedWord('b', new Uint8Array([0xc1])), undefined)
  })
})

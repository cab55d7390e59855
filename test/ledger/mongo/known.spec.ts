import assert from 'node:assert/strict'
import type { SessionHeadDoc } from '../../../src/ledger/mongo/documents.ts'
import { Known } from '../../../src/ledger/mongo/known.ts'
import { LAN_TIMING, SWEEP_JITTER } from '../../../src/supervisor/timing.ts'

const session = (id: string, headRev?: number) =>
  ({ _id: id, state: 'alive', beat: 1, busy: 0, ...(headRev === undefined ? {} : { headRev }) }) as SessionHeadDoc
const beat = (id: string, headRev?: number) => {
  return { id, state: 'alive' as const, beat: 2, busy: 1, ...(headRev === undefined ? {} : { headRev }) }
}

describe('a session that was seen to live on MongoDB', () => {
  let known: Known
  beforeEach(() => {
    known = new Known()
    known.noteSession(session('s'), 0)
  })

  it('need not be read again between two sweeps, and is not believed for ever', () => {
    const sweepMs = LAN_TIMING.sweepMs * (1 + SWEEP_JITTER)
    assert.ok(known.session('s', sweepMs))
    assert.equal(known.session('s', 10 * sweepMs), undefined)
  })

  it('goes on with what a look at all of them shows', () => {
    known.noteBeats([beat('s')], 2000)
    assert.deepEqual(known.session('s', 4000), { ...session('s'), beat: 2, busy: 1 })
  })

  it('is forgotten when such a look does not show it, or shows that more has changed', () => {
    known.noteSession(session('other', 1), 0)
    known.noteSession(session('same', 1), 0)
    known.noteBeats([beat('other', 2), beat('same', 1)], 1000)
    assert.deepEqual(
      ['s', 'other', 'same'].map(id => known.session(id, 1000)?.beat),
      [undefined, undefined, 2],
    )
  })

  it('stays when it was read after that look was asked for', () => {
    known.noteSession(session('new'), 1500)
    known.noteBeats([beat('s')], 1000)
    assert.ok(known.session('new', 1500))
  })
})

import assert from 'node:assert/strict'
import type { SessionRecord } from '../../src/lease/records.ts'
import { LoadBoard } from '../../src/supervisor/load-board.ts'

function sessionOf(name: string, more: Partial<SessionRecord> = {}): SessionRecord {
  const id = `session of ${name}`
  const given = {
    id,
    peer: name,
    host: name,
    queues: ['task'],
    capacity: 2,
    busy: 0,
    state: 'alive',
    kind: 'node',
    beat: 1,
  }
  return { ...given, ...more } as SessionRecord
}

describe('what is known of other peers', () => {
  it('is that one leaves from the moment at which it says so, not only once the ledger does', () => {
    const board = new LoadBoard()
    const sessions = [sessionOf('me'), sessionOf('one'), sessionOf('two')]
    board.update(sessions, 0)
    assert.deepEqual(board.copyPlaces('session of me', 'hash').toSorted(), ['one', 'two'])
    board.noteLeaving('session of one')
    for (const beat of [1, 2]) {
      assert.deepEqual([board.isStaying('one'), board.isStaying('two')], [false, true])
      assert.deepEqual(board.copyPlaces('session of me', 'hash'), ['two'])
      board.update([...sessions.slice(0, 1), sessionOf('one', { beat }), sessionOf('two', { beat })], 0)
    }
    // Its next session is another one.
    board.update([sessionOf('me'), sessionOf('one', { id: 'next session of one' })], 0)
    assert.ok(board.isStaying('one'))
  })
})

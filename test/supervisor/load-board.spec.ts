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

describe('who may get what is passed on', () => {
  const board = new LoadBoard()
  const places = (sinceMs: number) =>
    board.receivers('session of me', sinceMs).map(({ session, places: free }) => `${session} ${free}`)

  it('is who has places free, as its beat or a later hint says', () => {
    board.update([sessionOf('me'), sessionOf('one', { busy: 2 }), sessionOf('two', { busy: 1 })], 0)
    assert.deepEqual(places(0), ['session of two 1'])
    board.noteLoad('session of one', 2, 0)
    board.noteLoad('session of two', 0, 0)
    assert.deepEqual(places(0), ['session of one 2'])
  })

  it('is nobody who has given no sign of life since then', () => {
    const sessions = (beat: number) => [sessionOf('me'), sessionOf('one', { beat }), sessionOf('two')]
    board.update(sessions(2), 10)
    board.update(sessions(3), 20)
    assert.deepEqual(places(15), ['session of one 2'])
    board.noteLoad('session of two', 2, 25)
    assert.deepEqual(places(15), ['session of one 2', 'session of two 2'])
    assert.deepEqual(places(30), [])
  })

  it('is nobody who leaves, and no command', () => {
    board.update([sessionOf('me'), sessionOf('one', { state: 'draining' }), sessionOf('two', { kind: 'client' })], 40)
    assert.deepEqual(places(0), [])
  })

  it('can only be who serves a queue that another one does not', () => {
    board.update([sessionOf('me'), sessionOf('one', { queues: ['task', 'other'] })], 50)
    assert.deepEqual(
      [board.isForeignTo('session of me', 'task'), board.isForeignTo('session of me', 'mine')],
      [false, true],
    )
  })
})

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

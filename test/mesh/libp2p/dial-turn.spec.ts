import assert from 'node:assert/strict'
import { hasFirstTurn } from '../../../src/mesh/libp2p/dial-turn.ts'
import type { Member } from '../../../src/mesh/mesh.ts'

describe('the first turn to dial', () => {
  it('is with the later session', () => {
    assert.deepEqual(turns(member('a', 1), member('b', 2)), [false, true])
    assert.deepEqual(turns(member('b', 1), member('a', 2)), [false, true])
  })

  it('is with one of two that began in the same millisecond', () => {
    assert.deepEqual(turns(member('a', 1), member('b', 1)), [false, true])
  })

  it('is with a peer that cannot be dialled', () => {
    assert.deepEqual(turns({ ...member('a', 1), addrs: [] }, member('b', 2)), [true, true])
  })

  it('is with a peer that the ledger does not name yet', () => {
    assert.equal(hasFirstTurn(undefined, member('a', 1)), true)
  })
})

function turns(one: Member, other: Member): [boolean, boolean] {
  return [hasFirstTurn(one, other), hasFirstTurn(other, one)]
}

function member(name: string, since: number): Member {
  return { peer: `peer ${name}`, session: `session ${name}`, since, addrs: ['/ip4/192.0.2.1/tcp/1'] }
}

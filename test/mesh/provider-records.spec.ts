import assert from 'node:assert/strict'
import { ProviderRecords } from '../../src/mesh/provider-records.ts'

describe('provider records', () => {
  it('know the holders of each hash, and forget one that is deleted', () => {
    const records = new ProviderRecords<number>()
    records.set('hash', 'anna', 1)
    records.set('hash', 'bert', 2)
    records.set('hash', 'anna', 3)
    assert.deepEqual(Object.fromEntries(records.holders('hash')), { anna: 3, bert: 2 })
    records.delete('hash', 'anna')
    records.delete('hash', 'nobody')
    assert.deepEqual(
      [records.holders('hash'), records.get('hash', 'anna'), records.size],
      [[['bert', 2]], undefined, 1],
    )
    records.delete('hash', 'bert')
    assert.deepEqual([Array.from(records.all()), records.size], [[], 0])
  })

  it('keep the newest of a peer that tells of too many, and all of the others', () => {
    const records = new ProviderRecords<true>({ perPeer: 3, inAll: 100 })
    records.set('hash 0', 'bert', true)
    for (let index = 0; index < 10; index++) records.set(`hash ${index}`, 'anna', true)
    assert.deepEqual(
      Array.from(records.all(), ({ hash, peer }) => `${peer} ${hash}`),
      ['bert hash 0', 'anna hash 7', 'anna hash 8', 'anna hash 9'],
    )
  })

  it('let a peer push out only its own when there are too many in all', () => {
    const records = new ProviderRecords<true>({ perPeer: 10, inAll: 3 })
    for (const hash of ['a', 'b']) records.set(hash, 'anna', true)
    for (const hash of ['c', 'd', 'e']) records.set(hash, 'bert', true)
    records.set('f', 'eve', true)
    assert.deepEqual(
      Array.from(records.all(), ({ hash, peer }) => `${peer} ${hash}`),
      ['anna a', 'anna b', 'bert e'],
    )
    assert.equal(records.size, 3)
  })
})

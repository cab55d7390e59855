import assert from 'node:assert/strict'
import { mayBuryRefused } from '../../src/lease/refused-dial.ts'

describe('a refused dial', () => {
  const evidence = { beatMoved: false, holdsExclusive: false, lost: 1, known: 4 }

  it('is enough to bury a silent peer that holds nothing exclusive', () => {
    assert.equal(mayBuryRefused(evidence), true)
  })

  it('says nothing about a peer that beats', () => {
    assert.equal(mayBuryRefused({ ...evidence, beatMoved: true }), false)
  })

  it('is not enough for a peer that holds an exclusive task', () => {
    assert.equal(mayBuryRefused({ ...evidence, holdsExclusive: true }), false)
  })

  it('says more about the network when many are lost at a time', () => {
    assert.equal(mayBuryRefused({ ...evidence, lost: 3, known: 9 }), false)
    assert.equal(mayBuryRefused({ ...evidence, lost: 3, known: 10 }), true)
    assert.equal(mayBuryRefused({ ...evidence, lost: 2, known: 2 }), true)
  })
})

import assert from 'node:assert/strict'
import { explore } from './explore.ts'
import { leaseModel, type LeaseRules } from './lease-model.ts'

const RULES: LeaseRules = { stealsWithoutBurial: false, sweepsOnce: false, claimSeesSession: true }

describe('lease model', () => {
  for (const claimSeesSession of [true, false]) {
    const ledger = claimSeesSession ? 'transactions' : 'documents'
    it(`holds in every order of events over ${ledger}, and can always come to its end`, function () {
      const { states, transitions, violation } = explore(leaseModel({ ...RULES, claimSeesSession }))
      assert.equal(violation, null)
      assert.ok(states > 1000, `only ${states} states were reached`)
      if (this.test !== undefined) this.test.title += ` (${states} states, ${transitions} transitions)`
    })
  }

  it('finds H1: a task stolen from a live owner, who never learns it', function () {
    const { violation } = explore(leaseModel({ ...RULES, stealsWithoutBurial: true }))
    assert.match(violation?.what ?? '', /its beats still say that all is well/)
    if (this.test !== undefined) this.test.title += ` (${violation?.trace.join('; ')})`
  })

  it('finds H2: a claim that lands after the only look for orphans', function () {
    const { violation } = explore(leaseModel({ ...RULES, sweepsOnce: true, claimSeesSession: false }))
    assert.match(violation?.what ?? '', /cannot be reached any more/)
    if (this.test !== undefined) this.test.title += ` (${violation?.trace.join('; ')})`
  })
})

/** What every ledger promises. `open` gives each test an empty one. */
import { Bench, newTools, type OpenLedger } from './contract/bench.ts'
import { describeAdvance } from './contract/advance.ts'
import { describeAnyOrder } from './contract/any-order.ts'
import { describeClaims } from './contract/claims.ts'
import { describeDeath } from './contract/death.ts'
import { describeEnds } from './contract/ends.ts'
import { describeHandOn } from './contract/hand-on.ts'
import { describeLargeDags } from './contract/large-dags.ts'
import { describePassOn } from './contract/pass-on.ts'
import { describeLostInputs } from './contract/lost-inputs.ts'
import { describeReads } from './contract/reads.ts'
import { describeRetry } from './contract/retry.ts'
import { describeSessions } from './contract/sessions.ts'
import { describeStartDag } from './contract/start-dag.ts'
import { describeStore } from './contract/store.ts'
import { describeSubmit } from './contract/submit.ts'

export function describeLedger(name: string, open: OpenLedger): void {
  describe(`${name} ledger`, () => {
    let bench: Bench
    let cleanUp: () => Promise<void>

    beforeEach(async () => {
      const tools = newTools()
      const opened = await open(tools)
      bench = new Bench(opened.ledger, tools)
      cleanUp = opened.cleanUp
    })

    afterEach(async () => {
      await bench.ledger.close()
      await cleanUp()
    })

    const current = () => bench
    describeSessions(current)
    describeSubmit(current)
    describeClaims(current)
    describeAdvance(current)
    describeEnds(current)
    describeHandOn(current)
    describePassOn(current)
    describeStartDag(current)
    describeDeath(current)
    describeRetry(current)
    describeLostInputs(current)
    describeStore(current)
    describeReads(current)
    describeLargeDags(current)
    describeAnyOrder(current)
  })
}

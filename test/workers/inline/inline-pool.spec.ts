import { systemClock } from '../../../src/core/clock.ts'
import { makeWorkflow } from '../../../src/workflow/workflow.ts'
import { InlinePool } from '../../../src/workers/inline/inline-pool.ts'
import * as wellBehaved from '../fixtures/well-behaved.ts'
import { workerPoolContract } from '../worker-pool.contract.ts'

describe('an inline worker pool', () => {
  workerPoolContract(async () => new InlinePool({ clock: systemClock, workflow: makeWorkflow('tests', wellBehaved) }))
})

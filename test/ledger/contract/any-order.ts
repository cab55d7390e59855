import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { DagPlan } from '../../../src/workflow/plan.ts'
import { DONE, dagPlan, id, type Bench } from './bench.ts'

const MAX_TASKS = 20

/** Edges lead from lower to higher numbers only: a DAG by construction. */
const randomDag: fc.Arbitrary<DagPlan> = fc
  .integer({ min: 1, max: MAX_TASKS })
  .chain(count => {
    const pair = fc.tuple(fc.nat(count - 1), fc.nat(count - 1)).filter(([from, to]) => from < to)
    const edges: fc.Arbitrary<[number, number][]> =
      count < 2 ? fc.constant([]) : fc.uniqueArray(pair, { maxLength: 40, selector: String })
    return fc.record({
      count: fc.constant(count),
      edges,
      options: fc.array(taskOptions, { minLength: count, maxLength: count }),
    })
  })
  .map(({ count, edges, options }) => {
    const tasks = Array.from({ length: count }, (_, index) => ({ name: `t${index}`, ...options[index] }))
    return dagPlan(
      'main',
      tasks,
      edges.map(([from, to]) => `t${from}>t${to}`),
    )
  })

const taskOptions = fc.record({ forceRun: fc.boolean(), propagateSkip: fc.boolean() })

const step = fc.record({
  pick: fc.nat(1000),
  duplicates: fc.nat(2),
  outcome: fc.constantFrom('done', 'done', 'done', 'stopped'),
  limit: fc.constantFrom('all', 'all', 'none', 'first'),
  skipSuccessors: fc.boolean(),
})

export function describeAnyOrder(bench: () => Bench): void {
  describe('any DAG in any order', () => {
    it('makes every task ready once, and ends the run', async function () {
      this.timeout(120_000)
      await bench().session('s')
      let runs = 0
      const property = fc.asyncProperty(
        randomDag,
        fc.array(step, { minLength: MAX_TASKS, maxLength: MAX_TASKS }),
        async (dag, steps) => {
          runs += 1
          await playThrough(bench(), `r${runs}`, dag, steps)
        },
      )
      await fc.assert(property, { numRuns: 40 })
    })
  })
}

async function playThrough(bench: Bench, run: string, dag: DagPlan, steps: StepOf<typeof step>[]): Promise<void> {
  const { ledger } = bench
  await bench.submit(run, [dag])
  const becameReady = (await ledger.tasks(run)).filter(({ state }) => state === 'ready').map(({ id }) => id)
  let runEnded: string | null = null
  for (const { pick, duplicates, outcome, limit, skipSuccessors } of steps) {
    const ready = (await ledger.tasks(run)).filter(({ state }) => state === 'ready')
    const task = ready[pick % ready.length]
    if (task === undefined) break
    const successors = dag.edges.filter(({ from }) => from === task.name).map(({ to }) => to)
    const limits = { all: null, none: [], first: successors.slice(0, 1) }
    const { claim } = await bench.claim('s', task.id)
    const result = { ...DONE, outcome, limit: limits[limit], skipSuccessors } as const
    const first = await ledger.complete(claim, result)
    for (let repeat = 0; repeat < duplicates; repeat++) {
      const again = await ledger.complete(claim, result)
      assert.deepEqual([again.accepted, again.ready, again.runEnded], [true, [], null])
    }
    becameReady.push(...first.ready.map(({ id }) => id))
    runEnded ??= first.runEnded
  }
  const tasks = await ledger.tasks(run)
  assert.equal(runEnded, 'succeeded')
  assert.equal(await bench.runState(run), 'succeeded')
  assert.equal(new Set(becameReady).size, becameReady.length, 'a task became ready twice')
  const ran = tasks.filter(({ state }) => state === 'done' || state === 'stopped').map(({ id }) => id)
  assert.deepEqual(becameReady.sort(), ran.sort())
  assert.ok(tasks.every(({ attempts, state }) => attempts === (state === 'skipped' ? 0 : 1)))
  assert.ok(ran.includes(id(run, 't0')))
}

type StepOf<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never

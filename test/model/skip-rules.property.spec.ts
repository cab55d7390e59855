import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { decide, voteOf, type Ending } from '../../src/lease/votes.ts'
import { expectedStates } from '../simulation/reference-model.ts'
import { Draw } from '../simulation/draw.ts'
import { calm, drawOptions } from '../simulation/options.ts'
import { makeTrueLedger } from '../simulation/true-ledger.ts'
import { makeWorkload, type RunScript } from '../simulation/workload.ts'
import { World } from '../simulation/world.ts'

const endings: fc.Arbitrary<Ending> = fc.oneof(
  fc.record({ state: fc.constant('done' as const), limit: fc.option(fc.subarray(['a', 'b', 'c']), { nil: null }) }),
  fc.record({ state: fc.constant('stopped' as const), skipSuccessors: fc.boolean() }),
  fc.record({ state: fc.constant('skipped' as const), propagateSkip: fc.boolean() }),
)

describe('skip rules', () => {
  it('decide the same whatever the order and however often each vote is given', () => {
    fc.assert(
      fc.property(fc.array(endings, { minLength: 1, maxLength: 8 }), fc.boolean(), fc.nat(), (all, forceRun, seed) => {
        const votes = all.map(ending => voteOf(ending, 'a'))
        const repeated = new Draw(seed).shuffle([...votes, ...votes])
        assert.equal(decide(forceRun, repeated), decide(forceRun, votes))
        assert.equal(decide(forceRun, [...votes, null]), 'wait')
      }),
    )
  })

  it('bring every task of a random DAG to the end that the description says, in any order and with every call repeated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async seed => {
        const options = calm(drawOptions(seed, 'safety'))
        const draw = new Draw(seed)
        const workload = {
          ...options.workload,
          runs: 1,
          maxTasks: 30,
          limits: true,
          failures: false,
          nests: false,
          stops: false,
        }
        for (const run of makeWorkload(draw, workload)) await runInAnyOrder(run, draw)
      }),
      { numRuns: 60 },
    )
  })
})

/** One session claims and completes whatever is ready, in random order; every answer is asked for twice. */
async function runInAnyOrder(run: RunScript, draw: Draw): Promise<void> {
  const onCommit = () => {}
  const never = () => false
  const { ledger, tables } = makeTrueLedger({
    world: new World(),
    provesDeath: true,
    isGone: never,
    losesCommit: never,
    onCommit,
  })
  const plan = { name: 'any', description: '', dags: run.dags, options: [] }
  await ledger.submit({
    id: run.id,
    plan,
    bundle: 'b',
    args: {},
    submittedBy: 'x',
    keepData: true,
    priority: 0,
    queue: null,
  })
  await ledger.openSession({ ...SESSION, queues: ['task', 'other'] })
  const timesReady = new Map<string, number>()
  for (;;) {
    const { tasks } = await ledger.peekReady(['task', 'other'], 1000)
    const next = draw.pickOrNone(tasks)
    if (next === undefined) {
      // Of large DAGs, which here are those with more than three tasks, the rest is written by whoever comes by.
      if ((await ledger.settle(100)) > 0) continue
      break
    }
    timesReady.set(next.id, (timesReady.get(next.id) ?? 0) + 1)
    const request = [{ task: next.id, claimId: draw.random.hex(16) }]
    await ledger.claim('s', request)
    const [claimed] = await ledger.claim('s', request)
    assert.ok(claimed)
    const { outcome, limit, skipSuccessors } =
      run.scripts.get(`${claimed.blueprint}/${claimed.task.name}`) ?? assert.fail()
    const result = { outcome, out: null, limit, skipSuccessors, error: null }
    await ledger.complete(claimed.claim, result)
    assert.equal((await ledger.complete(claimed.claim, result)).accepted, true)
  }
  for (const times of timesReady.values()) assert.equal(times, 1)
  assert.equal(tables.run(run.id)?.state, 'succeeded')
  for (const dag of run.dags) {
    const expected = expectedStates(dag, task => run.scripts.get(`${dag.name}/${task}`) ?? assert.fail())
    for (const { name, state } of tables.tasks(run.id, `${dag.name}:1`)) assert.equal(state, expected.get(name))
  }
}

const SESSION = {
  id: 's',
  peer: 'p',
  name: 'p',
  host: 'h',
  pid: 1,
  kind: 'node' as const,
  ttlMs: 1000,
  addrs: [],
  capacity: 1,
  version: '0',
  labels: {},
}

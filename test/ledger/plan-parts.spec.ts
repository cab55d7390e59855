import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { packDag, packPlan, unpackDag, unpackPart } from '../../src/ledger/plan-parts.ts'
import { dagPlan } from './contract/bench.ts'

const COUNT = 12
const LIMITS = { tasks: 4, edges: 5 }

const taskNames = Array.from({ length: COUNT }, (_, index) => `t${index}`)
const anyEdges = fc.uniqueArray(
  fc.tuple(fc.nat(COUNT - 1), fc.nat(COUNT - 1)).filter(([from, to]) => from !== to),
  { maxLength: 60, selector: String },
)
const anyTask = fc.record({ queue: fc.constantFrom('task', 'gpu'), retries: fc.nat(2), forceRun: fc.boolean() })

describe('the parts of a blueprint', () => {
  it('are the blueprint again, whatever it is, and none is larger than it may be', () => {
    const tasks = fc.array(anyTask, { minLength: COUNT, maxLength: COUNT })
    fc.assert(
      fc.property(tasks, anyEdges, (options, edges) => {
        const plan = dagPlan(
          'main',
          taskNames.map((name, index) => ({ name, ...options[index] })),
          edges.map(([from, to]) => `t${from}>t${to}:s${from}`),
        )
        const packed = packDag(plan, LIMITS)
        assert.deepEqual(unpackDag(packed), plan)
        assert.equal(packed.tasks, COUNT)
        for (const part of packed.parts.map(unpackPart)) {
          assert.ok(part.tasks.length <= LIMITS.tasks)
          assert.ok(part.edges.length <= LIMITS.edges || part.tasks.length === 1)
        }
      }),
    )
  })

  it('have all edges into their tasks, with the place of each predecessor', () => {
    const plan = dagPlan('main', taskNames, ['t11>t0', 't0>t5', 't1>t5', 't5>t6'])
    const parts = packDag(plan, LIMITS).parts.map(unpackPart)
    assert.deepEqual(
      parts.map(({ firstPlace, edges }) => [firstPlace, edges.map(({ from, to, fromPlace }) => [from, to, fromPlace])]),
      [
        [0, [['t11', 't0', 11]]],
        [
          4,
          [
            ['t0', 't5', 0],
            ['t1', 't5', 1],
            ['t5', 't6', 5],
          ],
        ],
        [8, []],
      ],
    )
  })

  it('are one, when there is nothing in it', () => {
    assert.deepEqual(packDag(dagPlan('main', [])).parts.map(unpackPart), [{ firstPlace: 0, tasks: [], edges: [] }])
  })

  it('say once what tasks have in common', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `t${index}`)
    const [bytes] = packDag(dagPlan('main', names)).parts
    assert.ok((bytes?.byteLength ?? Infinity) < 10 * names.length)
  })

  it('are not made of a plan that does not hold together', () => {
    const plan = (...dags: ReturnType<typeof dagPlan>[]) => packPlan({ dags })
    assert.throws(() => plan(dagPlan('main', ['a', 'a'])), { code: 'LF_PLAN', message: /main.*"a"/ })
    assert.throws(() => plan(dagPlan('main', ['a'], ['a>b'])), { code: 'LF_PLAN', message: /a, b/ })
    assert.throws(() => plan(dagPlan('main', ['a']), dagPlan('main', ['a'])), { code: 'LF_PLAN', message: /two DAGs/ })
  })
})

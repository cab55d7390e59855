import assert from 'node:assert/strict'
import { Dag } from '../../src/workflow/dag.ts'
import { makePlan } from '../../src/workflow/make-plan.ts'
import { Option, Parameters } from '../../src/workflow/parameters.ts'
import { slot } from '../../src/workflow/slot.ts'
import { findDag, findTask, makeWorkflow } from '../../src/workflow/workflow.ts'
import { makeTask, makeTasks } from './tasks.ts'

describe('makeWorkflow', () => {
  const { a, b } = makeTasks('a', 'b')

  it('takes exported DAGs under any name, in order of making', () => {
    const zeta = new Dag('zeta', { schema: [a] })
    const alpha = new Dag('alpha', { schema: [b] })
    const list = [new Dag('third', { schema: [a] })]
    const workflow = makeWorkflow('scan', { list, alpha, default: zeta, zeta, helper: 5, tasks: [a, b], text: 'x' })
    assert.deepEqual(Array.from(workflow.dags.keys()), ['zeta', 'alpha', 'third'])
  })

  it('joins several lists of options', () => {
    const first = new Parameters([new Option('z')])
    const second = new Parameters([new Option('a')])
    const workflow = makeWorkflow('scan', { second, first, main: new Dag('main', { schema: [a] }) })
    assert.deepEqual(
      workflow.parameters.options.map(({ name }) => name),
      ['z', 'a'],
    )
    const twice = { first, again: new Parameters([new Option('z')]), main: new Dag('main', { schema: [a] }) }
    assert.throws(() => makeWorkflow('scan', twice), { code: 'LF_PARAMETERS' })
  })

  it('refuses a file that exports no DAG, and says how', () => {
    assert.throws(() => makeWorkflow('scan', { a }), { code: 'LF_NO_DAG', hint: /export const main = new Dag/ })
  })

  it('refuses two DAGs of one name, an undefined DAG, a hole in a list and a bad name', () => {
    const dag = () => new Dag('main', { schema: [a] })
    assert.throws(() => makeWorkflow('scan', { x: dag(), y: dag() }), { code: 'LF_DUPLICATE_DAG' })
    assert.throws(() => makeWorkflow('scan', { x: new Dag('main') }), { code: 'LF_DAG_UNDEFINED' })
    assert.throws(() => makeWorkflow('scan', { x: [dag(), undefined] }), { code: 'LF_WORKFLOW_EXPORT' })
    assert.throws(() => makeWorkflow('a/b', { x: dag() }), { code: 'LF_NAME' })
  })

  it('finds DAGs and tasks by name', () => {
    const workflow = makeWorkflow('scan', { x: new Dag('main', { schema: [[a, b]] }) })
    assert.equal(findTask(workflow, 'main', 'b'), b)
    assert.throws(() => findDag(workflow, 'mian'), { code: 'LF_UNKNOWN_DAG', hint: 'Did you mean "main"?' })
    assert.throws(() => findTask(workflow, 'main', 'c'), { code: 'LF_UNKNOWN_TASK' })
  })
})

describe('makePlan', () => {
  it('is the workflow as plain data', () => {
    const first = makeTask('first', { effect: 'pure', retries: 2, timeoutMs: 500, priority: 1 })
    const second = makeTask('second', { queue: 'gpu', forceRun: true, propagateSkip: false })
    const main = new Dag('main', { queue: 'beamline', autostart: false }).define([[first, slot(second, 'left')]])
    const plan = makePlan(makeWorkflow('scan', { main, p: new Parameters([new Option('n')]) }, 'Scans.'))
    const common = { kind: 'function', backoffMs: 1000 }
    assert.deepEqual(plan, {
      name: 'scan',
      description: 'Scans.',
      options: [{ name: 'n', type: 'str', help: '', required: true, default: null }],
      dags: [
        {
          name: 'main',
          autostart: false,
          tasks: [
            {
              ...common,
              name: 'first',
              queue: 'beamline',
              effect: 'pure',
              priority: 1,
              retries: 2,
              timeoutMs: 500,
              forceRun: false,
              propagateSkip: true,
            },
            {
              ...common,
              name: 'second',
              queue: 'gpu',
              effect: 'idempotent',
              priority: 0,
              retries: 0,
              timeoutMs: null,
              forceRun: true,
              propagateSkip: false,
            },
          ],
          edges: [{ from: 'first', to: 'second', slot: 'left' }],
        },
      ],
    })
    assert.deepEqual(structuredClone(plan), plan)
  })

  it('uses the queue named task when nothing else is named', () => {
    const plan = makePlan(makeWorkflow('scan', { main: new Dag('main', { schema: [makeTask('a')] }) }))
    assert.equal(plan.dags[0]?.tasks[0]?.queue, 'task')
  })
})

import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { Dag } from '../../src/workflow/dag.ts'
import type { DagSchema } from '../../src/workflow/dag-schema.ts'
import { slot } from '../../src/workflow/slot.ts'
import { makeTask, makeTasks } from './tasks.ts'

function edgesOf(schema: DagSchema): string[] {
  return new Dag('main')
    .define(schema)
    .edges.map(({ from, to, slot }) => `${from.name}>${to.name}${slot === null ? '' : `:${slot}`}`)
}

interface Refusal {
  code: string
  message: string
  hint: string
}

function refusal(schema: unknown): Refusal {
  let refusal: Refusal | undefined
  try {
    new Dag('main').define(schema as DagSchema)
  } catch (error) {
    refusal = error as Refusal
  }
  assert.ok(refusal, 'the schema was accepted')
  return refusal
}

describe('Dag', () => {
  const { a, b, c, d } = makeTasks('a', 'b', 'c', 'd')

  describe('reads a schema', () => {
    it('takes a task as the only child', () => {
      assert.deepEqual(edgesOf([[a, b]]), ['a>b'])
    })

    it('takes a list of children', () => {
      assert.deepEqual(edgesOf([[a, [b, c]]]), ['a>b', 'a>c'])
    })

    it('takes null and an empty list for a parent without children', () => {
      for (const schema of [[[a, null]], [[a, []]], [[a]], [a], new Map([[a, null]])] as DagSchema[]) {
        const dag = new Dag('main').define(schema)
        assert.deepEqual([Array.from(dag.tasks.keys()), dag.edges], [['a'], []])
      }
    })

    it('takes slots from slot() alone and in lists', () => {
      assert.deepEqual(edgesOf([[a, slot(b, 'first')]]), ['a>b:first'])
      assert.deepEqual(edgesOf([[a, [slot(b, 'first'), c]]]), ['a>b:first', 'a>c'])
    })

    it('takes slots from a Map, where null and empty text mean none', () => {
      const children = new Map([
        [b, 'slot'],
        [c, null],
        [d, ''],
      ])
      assert.deepEqual(edgesOf([[a, children]]), ['a>b:slot', 'a>c', 'a>d'])
      assert.deepEqual(edgesOf(new Map([[a, children]])), ['a>b:slot', 'a>c', 'a>d'])
    })

    it('takes a Map of parents', () => {
      const schema = new Map([
        [a, [b, c]],
        [b, [d]],
        [c, [d]],
      ])
      assert.deepEqual(edgesOf(schema), ['a>b', 'a>c', 'b>d', 'c>d'])
    })

    it('keeps tasks and edges in order of definition', () => {
      const dag = new Dag('main').define([[d, c], b, [a, [c, b]]])
      assert.deepEqual(Array.from(dag.tasks.keys()), ['d', 'c', 'b', 'a'])
      assert.deepEqual(dag.successors('a'), ['c', 'b'])
      assert.deepEqual(dag.successors('b'), [])
    })

    it('takes an edge that is named twice as one', () => {
      const schema: DagSchema = [
        [a, b],
        [a, [b, c]],
      ]
      assert.deepEqual(edgesOf(schema), ['a>b', 'a>c'])
    })

    it('takes a schema in the constructor', () => {
      assert.equal(new Dag('main', { schema: [a] }).isDefined, true)
    })
  })

  describe('refuses', () => {
    it('a schema with a hole, and says where it is', () => {
      const asParent = refusal([
        [a, b],
        [undefined, c],
      ])
      assert.equal(asParent.code, 'LF_DAG_SCHEMA')
      assert.match(asParent.message, /undefined.*the parent of entry 2/)
      assert.match(asParent.hint, /import/)
      assert.match(refusal([[a, [b, undefined]]]).message, /undefined.*number 2 of the children of "a" in entry 1/)
      assert.match(refusal([[a, undefined]]).message, /undefined.*the children of "a" in entry 1/)
      assert.match(refusal([undefined]).message, /entry 1/)
      assert.match(refusal(new Map([[a, undefined]])).message, /the children of "a" in the Map/)
    })

    it('things that are no tasks, with what to write instead', () => {
      assert.match(refusal([[a, { b: 'slot' }]]).hint, /slot\(child/)
      assert.match(refusal([[a, [b, 'first']]]).hint, /slot\(task/)
      assert.match(refusal([[a, () => {}]]).hint, /FunctionTask/)
      assert.match(refusal([[a, [[b, c]]]]).hint, /flat list/)
      assert.match(refusal([[a, b, c]]).message, /3 items in entry 1/)
      assert.match(refusal({ a: b }).message, /cannot be defined by an object/)
      assert.match(refusal(undefined).message, /cannot be defined by undefined/)
      assert.match(refusal([]).message, /no tasks/)
      assert.match(refusal([[a, new Map([[b, 5]])]]).message, /5 as a slot/)
    })

    it('two tasks of one name', () => {
      const error = refusal([[a, makeTask('a')]])
      assert.equal(error.code, 'LF_DUPLICATE_TASK')
      assert.match(error.message, /"a"/)
    })

    it('an edge with two different slots', () => {
      const error = refusal([
        [a, slot(b, 'first')],
        [a, b],
      ])
      assert.equal(error.code, 'LF_DAG_SCHEMA')
      assert.match(error.message, /a -> b.*"first" and null/)
    })

    it('a task that follows itself', () => {
      const error = refusal([[a, a]])
      assert.equal(error.code, 'LF_DAG_CYCLE')
      assert.match(error.message, /a -> a\./)
    })

    it('a cycle, by the name of everything on it and of nothing else', () => {
      const error = refusal([
        [a, b],
        [b, c],
        [c, b],
        [c, d],
      ])
      assert.equal(error.code, 'LF_DAG_CYCLE')
      assert.match(error.message, /: (b -> c -> b|c -> b -> c)\.$/)
    })

    it('names that are none, unknown options and a slot without a task', () => {
      assert.throws(() => new Dag('a/b'), { code: 'LF_NAME' })
      assert.throws(() => new Dag('main', { autostrat: true } as object), {
        code: 'LF_DAG_OPTIONS',
        hint: 'Did you mean "autostart"?',
      })
      assert.throws(() => new Dag('main', { autostart: 'no' } as object), { code: 'LF_DAG_OPTIONS' })
      assert.throws(() => slot(undefined as never, 'first'), { code: 'LF_DAG_SCHEMA' })
      assert.throws(() => slot(a, 'a/b'), { code: 'LF_NAME' })
    })

    it('to be read before it is defined', () => {
      assert.throws(() => new Dag('main').tasks, { code: 'LF_DAG_UNDEFINED' })
    })
  })

  it('stays as it was when a definition is refused', () => {
    const dag = new Dag('main').define([[a, b]])
    assert.throws(() =>
      dag.define([
        [c, d],
        [d, c],
      ]),
    )
    assert.deepEqual(Array.from(dag.tasks.keys()), ['a', 'b'])
  })

  it('suggests a name for an unknown task', () => {
    const dag = new Dag('main').define([makeTask('calibrate'), makeTask('integrate')])
    assert.throws(() => dag.task('calibrat'), { code: 'LF_UNKNOWN_TASK', hint: 'Did you mean "calibrate"?' })
  })

  it('finds a cycle exactly when there is one, and names a real one', () => {
    const pairs = fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { minLength: 1, maxLength: 25 })
    fc.assert(
      fc.property(pairs, pairs => {
        const tasks = Array.from({ length: 12 }, (_, index) => makeTask(`t${index}`))
        const schema = pairs.map(([from, to]) => [tasks[from], tasks[to]]) as unknown as DagSchema
        const edges = new Set(pairs.map(([from, to]) => `t${from}>t${to}`))
        const cycle = cycleOf(schema)
        assert.equal(cycle !== undefined, hasCycle(pairs))
        cycle?.forEach((name, index) => assert.ok(edges.has(`${name}>${cycle[(index + 1) % cycle.length]}`)))
        assert.equal(new Set(cycle).size, cycle?.length ?? 0)
      }),
    )
  })

  it('defines chains and fans of 100,000 tasks without deep recursion', () => {
    const tasks = Array.from({ length: 100_000 }, (_, index) => makeTask(`t${index}`))
    const chain = tasks.slice(1).map((task, index) => [tasks[index], task]) as unknown as DagSchema
    assert.equal(new Dag('chain').define(chain).edges.length, 99_999)
    assert.equal(new Dag('fan').define([[tasks[0] as never, tasks.slice(1)]]).edges.length, 99_999)
    const ring = cycleOf([...(chain as never[]), [tasks.at(-1), tasks[0]]] as unknown as DagSchema)
    assert.equal(ring?.length, 100_000)
  })

  it('shortens the message about a long cycle', () => {
    const tasks = Array.from({ length: 500 }, (_, index) => makeTask(`t${index}`))
    const ring = tasks.map((task, index) => [task, tasks[(index + 1) % tasks.length]])
    assert.ok(refusal(ring).message.length < 1000)
    assert.match(refusal(ring).message, /450 more/)
  })
})

function cycleOf(schema: DagSchema): string[] | undefined {
  try {
    new Dag('main').define(schema)
    return undefined
  } catch (error) {
    const { code, facts } = error as { code: string; facts: { cycle: string[] } }
    assert.equal(code, 'LF_DAG_CYCLE')
    return facts.cycle
  }
}

/** The plain way: a node that reaches itself. */
function hasCycle(pairs: readonly (readonly [number, number])[]): boolean {
  const reached = new Set(pairs.map(([from, to]) => `${from}>${to}`))
  const nodes = Array.from({ length: 12 }, (_, index) => index)
  for (const via of nodes)
    for (const from of nodes)
      for (const to of nodes)
        if (reached.has(`${from}>${via}`) && reached.has(`${via}>${to}`)) reached.add(`${from}>${to}`)
  return nodes.some(node => reached.has(`${node}>${node}`))
}

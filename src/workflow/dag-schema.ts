/**
 * Reads what an author gives to `dag.define`: a list of edges, or a Map from parents to children. Made so that every mistake is
 * named by its place. Pure, and linear in the number of edges.
 */
import { LightflowError } from '../core/errors.ts'
import { MAX_EDGES_PER_DAG, MAX_TASKS_PER_DAG } from '../../protocols/limits.ts'
import { checkName } from '../../protocols/ids.ts'
import { describeValue } from './describe-value.ts'
import { isSlot } from './slot.ts'
import type { Slot } from './slot.ts'
import { isTask } from './task.ts'
import type { Task } from './task.ts'

/**
 * One task, several, several with labels for their data (`slot(task, 'name')`, or a Map from task to label), or none (`null`, `[]`).
 */
export type Children = Task | Slot | readonly (Task | Slot)[] | ReadonlyMap<Task, string | null> | null

/** `[parent, children]`; a task without edges is `task` or `[task]`. */
export type SchemaEntry = Task | readonly [parent: Task, children?: Children]

export type DagSchema = readonly SchemaEntry[] | ReadonlyMap<Task, Children>

export interface Edge {
  readonly from: Task
  readonly to: Task
  readonly slot: string | null
}

export interface Graph {
  /** By name, in order of definition. */
  readonly tasks: ReadonlyMap<string, Task>
  /** In order of definition. */
  readonly edges: readonly Edge[]
}

/** Throws `LF_DAG_SCHEMA`, `LF_DUPLICATE_TASK`, `LF_DAG_TOO_LARGE`. Does not look for cycles. */
export function readSchema(dag: string, schema: DagSchema): Graph {
  const reader = new SchemaReader(dag)
  if (schema instanceof Map) {
    for (const [parent, children] of schema as ReadonlyMap<unknown, unknown>) reader.addMapEntry(parent, children)
  } else if (Array.isArray(schema)) {
    for (const [index, entry] of (schema as unknown[]).entries()) reader.addListEntry(entry, index + 1)
  } else {
    throw reader.error(
      `cannot be defined by ${describeValue(schema)}`,
      'Give a list of edges: dag.define([[a, b], [b, [c, d]]]).',
    )
  }
  return reader.graph()
}

class SchemaReader {
  readonly #dag: string
  readonly #tasks = new Map<string, Task>()
  /** The edges that leave a task: the only one, or all by where they lead. */
  readonly #children = new Map<Task, Edge | Map<Task, Edge>>()
  readonly #edges: Edge[] = []

  constructor(dag: string) {
    this.#dag = dag
  }

  graph(): Graph {
    if (this.#tasks.size === 0) throw this.error('has no tasks', 'A DAG of one task is dag.define([task]).')
    return { tasks: this.#tasks, edges: this.#edges }
  }

  addListEntry(entry: unknown, place: number): void {
    if (isTask(entry)) return void this.#task(entry, `entry ${place}`)
    if (!Array.isArray(entry)) throw this.#notATask(entry, `entry ${place}`)
    if (entry.length === 0 || entry.length > 2) {
      const hint = 'Write [parent, child], [parent, [child, child]] or, for a task without edges, [parent].'
      throw this.error(`has ${entry.length} items in entry ${place}`, hint)
    }
    const parent = this.#task(entry[0], `the parent of entry ${place}`)
    if (entry.length === 2) this.#addChildren(parent, entry[1], `entry ${place}`)
  }

  addMapEntry(key: unknown, children: unknown): void {
    const parent = this.#task(key, 'a key of the Map')
    this.#addChildren(parent, children, 'the Map')
  }

  #addChildren(parent: Task, children: unknown, entry: string): void {
    if (children === null) return
    const place = `the children of "${parent.name}" in ${entry}`
    if (Array.isArray(children)) {
      for (const [index, child] of children.entries()) this.#addChild(parent, child, `number ${index + 1} of ${place}`)
    } else if (children instanceof Map) {
      for (const [child, label] of children) this.#addEdge(parent, this.#task(child, place), this.#label(label, place))
    } else {
      this.#addChild(parent, children, place)
    }
  }

  #addChild(parent: Task, child: unknown, place: string): void {
    if (isSlot(child)) this.#addEdge(parent, this.#task(child.task, place), child.slot)
    else this.#addEdge(parent, this.#task(child, place), null)
  }

  #addEdge(from: Task, to: Task, slot: string | null): void {
    const edges = this.#children.get(from)
    const known = edges instanceof Map ? edges.get(to) : edges?.to === to ? edges : undefined
    if (known !== undefined && known.slot !== slot) {
      const labels = `${describeValue(known.slot)} and ${describeValue(slot)}`
      throw this.error(`names the edge ${from.name} -> ${to.name} twice, with the slots ${labels}`, 'Keep one of them.')
    }
    if (known !== undefined) return
    if (this.#edges.length >= MAX_EDGES_PER_DAG) throw this.#tooLarge(`${MAX_EDGES_PER_DAG} edges`)
    const edge = { from, to, slot }
    if (edges instanceof Map) edges.set(to, edge)
    else if (edges === undefined) this.#children.set(from, edge)
    else this.#children.set(from, new Map([edges, edge].map(each => [each.to, each])))
    this.#edges.push(edge)
  }

  #task(value: unknown, place: string): Task {
    if (!isTask(value)) throw this.#notATask(value, place)
    const known = this.#tasks.get(value.name)
    if (known === value) return value
    if (known !== undefined) {
      throw new LightflowError(
        'LF_DUPLICATE_TASK',
        `The DAG "${this.#dag}" has two tasks of the name "${value.name}".`,
        {
          hint: 'Rename one of them: data, results and limits go by the names of tasks.',
        },
      )
    }
    if (this.#tasks.size >= MAX_TASKS_PER_DAG) throw this.#tooLarge(`${MAX_TASKS_PER_DAG} tasks`)
    this.#tasks.set(value.name, value)
    return value
  }

  #label(label: unknown, place: string): string | null {
    if (label === null || label === '') return null
    if (typeof label === 'string') return checkName('slot', label)
    throw this.error(`has ${describeValue(label)} as a slot in ${place}`, 'A slot is a text; null means no slot.')
  }

  #notATask(value: unknown, place: string): LightflowError {
    return this.error(`has ${describeValue(value)} where it needs a task: ${place}`, hintFor(value))
  }

  #tooLarge(limit: string): LightflowError {
    return new LightflowError('LF_DAG_TOO_LARGE', `The DAG "${this.#dag}" has more than ${limit}.`, {
      hint: 'Split it: let a task start copies of a smaller DAG with signal.startDag.',
    })
  }

  error(what: string, hint: string): LightflowError {
    return new LightflowError('LF_DAG_SCHEMA', `The DAG "${this.#dag}" ${what}.`, { hint })
  }
}

function hintFor(value: unknown): string {
  if (value === undefined) return 'Is the name imported correctly, and is the task defined above the DAG?'
  if (typeof value === 'string') return "Give the task object, not its name; a label for an edge is slot(task, 'name')."
  if (typeof value === 'function') return "Wrap the function: new FunctionTask('name', callback)."
  if (Array.isArray(value)) return 'Children are one flat list: [parent, [child, child]].'
  return "Edges are [parent, child] or [parent, [child, child]]; labelled ones are [parent, slot(child, 'name')]."
}

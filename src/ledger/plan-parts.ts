/**
 * A DAG's blueprint as the ledger keeps it: in parts, each small enough to become rows in one short transaction. So that a submission is soon
 * over however large it is, nobody else who wants to write waits for it, and no thread holds more than a part at a time. Pure.
 *
 * A part has tasks that follow each other in the definition, and all edges into them. What tasks have in common is written once.
 */
import { LightflowError } from '../core/errors.ts'
import type { DagPlan, EdgePlan, TaskPlan, WorkflowPlan } from '../workflow/plan.ts'
import { MAX_EDGES_PER_PART, MAX_TASKS_PER_PART } from './ledger-limits.ts'
import { decodeRow, encodeRow } from './row-codec.ts'

export interface PackedDag {
  name: string
  autostart: boolean
  /** Number of its tasks. */
  tasks: number
  /** One at least. */
  parts: Uint8Array[]
}

export interface DagPart {
  /** Of the first of its tasks, among all of the DAG. */
  firstPlace: number
  tasks: TaskPlan[]
  edges: PartEdge[]
}

export interface PartEdge extends EdgePlan {
  /** Of the predecessor, which may be in any part. */
  fromPlace: number
  /** Among the edges of the DAG. */
  order: number
}

export interface PartLimits {
  tasks: number
  edges: number
}

/** Of a part, and of what one transaction writes of DAGs. */
export const PART_LIMITS: PartLimits = { tasks: MAX_TASKS_PER_PART, edges: MAX_EDGES_PER_PART }

type Shape = Omit<TaskPlan, 'name'>

interface PackedPart {
  firstPlace: number
  shapes: Shape[]
  names: string[]
  /** Which of the shapes each task has. */
  shapeOf: number[]
  /** Five values for each: from, its place, to (its place in the part), order, slot. */
  edges: (string | number | null)[]
}

/** Throws `LF_PLAN` for names that are not unique and edges that lead nowhere. */
export function packDag(plan: DagPlan, limits: PartLimits = PART_LIMITS): PackedDag {
  const { name, autostart, tasks, edges } = plan
  const places = placesOf(plan)
  const into = Array.from({ length: tasks.length }, (): PartEdge[] | undefined => undefined)
  for (const [order, edge] of edges.entries()) {
    const fromPlace = places.get(edge.from)
    const toPlace = places.get(edge.to)
    if (fromPlace === undefined || toPlace === undefined) throw looseEdge(name, edge)
    const known = into[toPlace]
    const placed = { from: edge.from, to: edge.to, slot: edge.slot, fromPlace, order }
    if (known === undefined) into[toPlace] = [placed]
    else known.push(placed)
  }
  const parts: Uint8Array[] = []
  for (let first = 0; first < tasks.length || parts.length === 0;) {
    const end = endOfPart(first, into, limits)
    parts.push(packPart(first, tasks.slice(first, end), into.slice(first, end)))
    first = end
  }
  return { name, autostart, tasks: tasks.length, parts }
}

/** One task at least, with as many edges as it has. */
function endOfPart(first: number, into: readonly (readonly PartEdge[] | undefined)[], limits: PartLimits): number {
  let end = first
  let edges = 0
  while (end < into.length && end - first < limits.tasks) {
    edges += into[end]?.length ?? 0
    if (edges > limits.edges && end > first) break
    end += 1
  }
  return end
}

function packPart(
  firstPlace: number,
  tasks: readonly TaskPlan[],
  into: readonly (readonly PartEdge[] | undefined)[],
): Uint8Array {
  const shapes = new Shapes()
  const names = tasks.map(({ name }) => name)
  const shapeOf = tasks.map(task => shapes.add(task))
  const packed: PackedPart['edges'] = []
  for (const [to, edges = []] of into.entries()) {
    for (const { from, fromPlace, order, slot } of edges) packed.push(from, fromPlace, to, order, slot)
  }
  return encodeRow({ firstPlace, shapes: shapes.all, names, shapeOf, edges: packed } satisfies PackedPart)
}

/** What differs between tasks of a DAG, but for their names: usually few things, and the next task is as the one before. */
class Shapes {
  readonly all: Shape[] = []
  readonly #known = new Map<string, number>()
  #last: { task: TaskPlan; at: number } | undefined

  add(task: TaskPlan): number {
    if (this.#last !== undefined && isSame(this.#last.task, task)) return this.#last.at
    const { name: _, ...shape } = task
    const key = JSON.stringify(shape)
    const at = this.#known.get(key) ?? this.all.push(shape) - 1
    this.#known.set(key, at)
    this.#last = { task, at }
    return at
  }
}

/** But for their names. */
function isSame(one: TaskPlan, other: TaskPlan): boolean {
  let difference = 0
  for (const key in one) {
    if (key !== 'name' && one[key as keyof TaskPlan] !== other[key as keyof TaskPlan]) return false
    difference += 1
  }
  for (const _ in other) difference -= 1
  return difference === 0
}

export function unpackPart(bytes: Uint8Array): DagPart {
  const { firstPlace, shapes, names, shapeOf, edges } = decodeRow(bytes) as PackedPart
  const tasks = names.map((name, index): TaskPlan => ({ name, ...(shapes[shapeOf[index] ?? 0] as Shape) }))
  const unpacked: PartEdge[] = []
  for (let at = 0; at < edges.length; at += 5) {
    unpacked.push({
      from: edges[at] as string,
      to: names[edges[at + 2] as number] ?? '',
      slot: edges[at + 4] as string | null,
      fromPlace: edges[at + 1] as number,
      order: edges[at + 3] as number,
    })
  }
  return { firstPlace, tasks, edges: unpacked }
}

export function unpackDag({ name, autostart, parts }: Omit<PackedDag, 'tasks'>): DagPlan {
  const tasks: TaskPlan[] = []
  const edges: EdgePlan[] = []
  for (const bytes of parts) {
    const part = unpackPart(bytes)
    for (const task of part.tasks) tasks.push(task)
    for (const { from, to, slot, order } of part.edges) edges[order] = { from, to, slot }
  }
  return { name, autostart, tasks, edges }
}

/** Throws `LF_PLAN` when two DAGs, or two tasks of one, have the same name. */
function placesOf({ name, tasks }: DagPlan): Map<string, number> {
  const places = new Map<string, number>()
  for (const task of tasks) {
    if (places.has(task.name)) throw brokenPlan(`DAG "${name}" has two tasks with the name "${task.name}".`)
    places.set(task.name, places.size)
  }
  return places
}

/** Throws `LF_PLAN`. */
export function packPlan({ dags }: Pick<WorkflowPlan, 'dags'>, limits?: PartLimits): PackedDag[] {
  const names = new Set<string>()
  for (const { name } of dags) {
    if (names.has(name)) throw brokenPlan(`The workflow has two DAGs with the name "${name}".`)
    names.add(name)
  }
  return dags.map(dag => packDag(dag, limits))
}

function looseEdge(dag: string, { from, to }: EdgePlan): LightflowError {
  return brokenPlan(`DAG "${dag}" has an edge between tasks that it does not have: ${from}, ${to}.`)
}

function brokenPlan(message: string): LightflowError {
  return new LightflowError('LF_PLAN', message, { hint: 'Give every DAG, and every task of a DAG, a name of its own.' })
}

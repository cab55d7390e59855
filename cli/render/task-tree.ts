/**
 * Lays the tasks of one DAG out as a tree, predecessors above successors: a task hangs below the last task that all ways to it go
 * through, so a join stands beside the branches that it joins, and names them. Works on names alone, so that a single copy and a
 * fold of many copies are drawn alike.
 */
import type { Surface } from './colours.ts'

export interface TreeTask {
  task: string
  after: string[]
}

export interface TreeLine {
  /** Index in the input. */
  index: number
  /** The branches before the symbol, as `│ ├ `. */
  branch: string
  /** The predecessors besides the one that it hangs below. */
  joins: string[]
}

/** Deeper tasks stay at this indentation, or long chains would leave the terminal. */
const MAX_DEPTH_SHOWN = 10

export function layOut(tasks: readonly TreeTask[], { unicode }: Pick<Surface, 'unicode'>): TreeLine[] {
  const parentsOf = parentIndexes(tasks)
  const depths = depthsOf(parentsOf)
  const order = tasks.map((_, index) => index).sort((a, b) => depths[a]! - depths[b]! || a - b)
  const above = placeBelow(order, parentsOf)
  const childrenOf = Map.groupBy(order, above)
  const glyphs = unicode ? { fork: '├ ', last: '└ ', pass: '│ ' } : { fork: '|-', last: '`-', pass: '| ' }
  const lines: TreeLine[] = []
  const drawn = new Set<number>()
  const draw = (index: number, before: string, own: string, inside: string, depth: number): void => {
    if (drawn.has(index)) return
    drawn.add(index)
    const joins = parentsOf[index]!.filter(parent => parent !== above(index)).map(parent =>
      lastName(tasks[parent]!.task),
    )
    lines.push({ index, branch: before + own, joins })
    const children = childrenOf.get(index) ?? []
    const indent = depth > MAX_DEPTH_SHOWN ? before : before + inside
    children.forEach((child, place) => {
      const last = place === children.length - 1
      draw(child, indent, last ? glyphs.last : glyphs.fork, last ? '  ' : glyphs.pass, depth + 1)
    })
  }
  // The second part is for graphs with cycles, which a plan cannot have: nothing may be missing from the picture.
  for (const root of [...(childrenOf.get(NOTHING) ?? []), ...order]) draw(root, '', '', '', 0)
  return lines
}

/** `run/dag:n/task` or `task`: the task's own name. */
export function lastName(task: string): string {
  return task.slice(task.lastIndexOf('/') + 1)
}

const NOTHING = -1

function parentIndexes(tasks: readonly TreeTask[]): number[][] {
  const indexOf = new Map(tasks.map(({ task }, index) => [lastName(task), index]))
  return tasks.map(({ after }, index) => {
    const parents = after.map(name => indexOf.get(lastName(name)))
    return parents.filter(parent => parent !== undefined && parent !== index) as number[]
  })
}

/** For each task the one that it hangs below: the nearest that all its predecessors hang below, or NOTHING. */
function placeBelow(order: readonly number[], parentsOf: readonly number[][]): (index: number) => number {
  const above = new Map<number, number>()
  const lineOf = (index: number): number[] => {
    const line: number[] = []
    for (let at = index; at !== NOTHING && line.length <= order.length; at = above.get(at) ?? NOTHING) line.unshift(at)
    return line
  }
  for (const index of order) {
    const [first = [], ...others] = parentsOf[index]!.map(lineOf)
    const shared = first.filter((task, place) => others.every(line => line[place] === task))
    above.set(index, shared.at(-1) ?? NOTHING)
  }
  return index => above.get(index)!
}

/** Longest way from a first task. A plan has no cycles; should there be one, its tasks count as depth 0. */
function depthsOf(parentsOf: readonly number[][]): number[] {
  const depths: (number | undefined)[] = parentsOf.map(() => undefined)
  const visiting = new Set<number>()
  const depthOf = (index: number): number => {
    const known = depths[index]
    if (known !== undefined) return known
    if (visiting.has(index)) return 0
    visiting.add(index)
    const depth = Math.max(-1, ...parentsOf[index]!.map(depthOf)) + 1
    visiting.delete(index)
    depths[index] = depth
    return depth
  }
  return parentsOf.map((_, index) => depthOf(index))
}

/** A random DAG, the same each time: each task needs up to three of those shortly before it; none does anything. */
import { Dag, FunctionTask } from 'lightflow'
import { MIXED_TASKS } from '../scenarios.ts'

/** How far back a task may reach: about so many can run at the same time. */
const REACH = 40
const MAX_PREDECESSORS = 3

let state = 20_261_129
/** Below `limit`, from a sequence that never changes (mulberry32). */
function next(limit: number): number {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
}

const tasks = Array.from({ length: MIXED_TASKS }, (_, index) => new FunctionTask(`task-${index + 1}`, () => {}))
const edges = tasks.slice(1).flatMap((task, before) => {
  const wanted = Array.from({ length: next(MAX_PREDECESSORS + 1) }, () => Math.max(0, before - next(REACH)))
  return Array.from(new Set(wanted), index => [tasks[index]!, task] as const)
})

export const mixed = new Dag('mixed')
mixed.define([...tasks.map(task => [task] as const), ...edges])

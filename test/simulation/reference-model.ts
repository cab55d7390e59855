/** The skip rules once more, written from their description alone: how each task of a DAG must end when nothing fails. */
import type { DagPlan } from '../../src/workflow/plan.ts'
import type { TaskScript } from './workload.ts'

export type ExpectedState = 'done' | 'stopped' | 'skipped'

export function expectedStates(dag: DagPlan, scriptOf: (task: string) => TaskScript): Map<string, ExpectedState> {
  const states = new Map<string, ExpectedState>()
  const lets = (from: string, to: string): boolean => {
    const script = scriptOf(from)
    const state = states.get(from)
    if (state === 'skipped') return dag.tasks.find(({ name }) => name === from)?.propagateSkip === false
    if (state === 'stopped') return !script.skipSuccessors
    return script.limit === null || script.limit.includes(to)
  }
  // Tasks are listed in topological order.
  for (const { name, forceRun } of dag.tasks) {
    const before = dag.edges.filter(({ to }) => to === name).map(({ from }) => from)
    const runs = before.length === 0 || forceRun || before.some(from => lets(from, name))
    states.set(name, runs ? (scriptOf(name).outcome === 'stopped' ? 'stopped' : 'done') : 'skipped')
  }
  return states
}

import type { Dag } from './dag.ts'
import { queueWithNeeds } from './needs.ts'
import { type DagPlan, DEFAULT_MAX_DEATHS, type TaskPlan, type WorkflowPlan } from './plan.ts'
import type { Task } from './task.ts'
import type { Workflow } from './workflow.ts'

/** Queue of tasks that name none, in DAGs that name none. */
export const DEFAULT_QUEUE = 'task'

/** A workflow as plain data. Every check has been made by now: it never throws for a {@link Workflow}. */
export function makePlan({ name, description, dags, parameters }: Workflow): WorkflowPlan {
  return {
    name,
    description,
    dags: Array.from(dags.values(), planDag),
    options: parameters.plan(),
  }
}

function planDag(dag: Dag): DagPlan {
  return {
    name: dag.name,
    autostart: dag.autostart,
    tasks: Array.from(dag.tasks.values(), task => planTask(task, dag.queue)),
    edges: dag.edges.map(({ from, to, slot }) => ({ from: from.name, to: to.name, slot })),
  }
}

function planTask({ name, kind, options }: Task, queueOfDag: string | null): TaskPlan {
  const queue = options.queue ?? queueOfDag
  return {
    name,
    kind,
    queue: queueWithNeeds(queue ?? DEFAULT_QUEUE, options.needs),
    ...(queue === DEFAULT_QUEUE ? { namesQueue: true as const } : {}),
    effect: options.effect,
    priority: options.priority,
    retries: options.retries,
    backoffMs: options.backoffMs,
    timeoutMs: options.timeoutMs,
    ...(options.maxDeaths === DEFAULT_MAX_DEATHS ? {} : { maxDeaths: options.maxDeaths }),
    ...(options.replicas === 1 ? {} : { replicas: options.replicas }),
    forceRun: options.forceRun,
    propagateSkip: options.propagateSkip,
  }
}

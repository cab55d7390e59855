/** What a retry runs again, and which payloads of before that takes. Pure. */
import { MAX_REMAKE_DEPTH } from '../lease/lease-limits.ts'
import type { DagRecord, PayloadRef, RunRecord, TaskRecord } from '../lease/records.ts'
import { keptOf } from '../lease/retry-kept.ts'
import type { DagPlan, WorkflowPlan } from '../workflow/plan.ts'

/** A payload that is not kept in the ledger itself. */
export interface Need {
  dag: string
  /** What made it; null for the data that the DAG was started with. */
  maker: TaskRecord | null
  ref: PayloadRef
}

export class RetryNeeds {
  /** In order of definition. */
  readonly again: readonly TaskRecord[]
  readonly #kept: ReadonlySet<TaskRecord>
  readonly #dags: ReadonlyMap<string, DagRecord>
  readonly #tasks: ReadonlyMap<string, TaskRecord>
  /** Per blueprint: names of predecessors, by task. */
  readonly #before: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

  constructor(run: RunRecord, dags: readonly DagRecord[], tasks: readonly TaskRecord[]) {
    const plans = new Map(run.plan.dags.map(plan => [plan.name, plan]))
    const edges = dags.flatMap(({ name: dag, blueprint }) => {
      return (plans.get(blueprint)?.edges ?? []).map(({ from, to }) => ({ dag, from, to }))
    })
    const kept = keptOf({ run, dags, tasks, edges })
    this.#kept = new Set(tasks.filter(({ dag, name }) => kept.get(dag)?.tasks.has(name) === true))
    this.again = tasks.filter(task => !this.#kept.has(task))
    this.#dags = new Map(dags.map(dag => [dag.name, dag]))
    this.#tasks = new Map(tasks.map(task => [`${task.dag}/${task.name}`, task]))
    this.#before = new Map(run.plan.dags.map(plan => [plan.name, predecessorsIn(plan)]))
  }

  /** Exclusive tasks that were begun before and would run again, by the plan of before or by the one to come. */
  exclusives({ dags }: WorkflowPlan): TaskRecord[] {
    const planned = dags.flatMap(({ name: dag, tasks }) => tasks.map(task => ({ ...task, key: `${dag}/${task.name}` })))
    const exclusive = new Set(planned.filter(({ effect }) => effect === 'exclusive').map(({ key }) => key))
    return this.again.filter(({ dag, name, effect, history }) => {
      const blueprint = this.#dags.get(dag)?.blueprint
      return history.length > 0 && (effect === 'exclusive' || exclusive.has(`${blueprint}/${name}`))
    })
  }

  /** What this task will read of what is there from before. */
  of({ dag: name, name: task }: TaskRecord): Need[] {
    const dag = this.#dags.get(name)
    const before = dag === undefined ? [] : (this.#before.get(dag.blueprint)?.get(task) ?? [])
    const given = before.length === 0 && dag !== undefined ? [{ dag: name, maker: null, ref: dag.data }] : []
    const made = before.flatMap(key => {
      const maker = this.#tasks.get(`${name}/${key}`)
      return maker !== undefined && this.#kept.has(maker) ? [{ dag: name, maker, ref: maker.out }] : []
    })
    return [...given, ...made].flatMap(({ ref, ...need }) => {
      return ref === null || ref.inline !== null ? [] : [{ ...need, ref }]
    })
  }

  /**
   * What is needed and not there, nor can be made again by the task that made it: what was given to DAGs, and what exclusive tasks made. Also
   * what is made again needs its inputs.
   */
  async missing(isThere: (ref: PayloadRef) => Promise<boolean>): Promise<{ missing: Need[]; remade: TaskRecord[] }> {
    const missing: Need[] = []
    const remade = new Set<TaskRecord>()
    const known = new Map<string, boolean>()
    let level: readonly TaskRecord[] = this.again
    for (let depth = 1; level.length > 0; depth++) {
      const next: TaskRecord[] = []
      for (const need of level.flatMap(task => this.of(task))) {
        const { maker, ref } = need
        const found = known.get(ref.hash) ?? (await isThere(ref))
        known.set(ref.hash, found)
        if (found || (maker !== null && remade.has(maker))) continue
        if (maker === null || maker.effect === 'exclusive' || depth > MAX_REMAKE_DEPTH) missing.push(need)
        else {
          remade.add(maker)
          next.push(maker)
        }
      }
      level = next
    }
    return { missing, remade: [...remade] }
  }
}

function predecessorsIn({ edges }: DagPlan): Map<string, string[]> {
  const into = Map.groupBy(edges, ({ to }) => to)
  return new Map(Array.from(into, ([to, edges]) => [to, Array.from(new Set(edges.map(({ from }) => from)))]))
}

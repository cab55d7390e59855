/** What must hold when a simulation is over. */
import { decode } from '../../protocols/msgpack.ts'
import type { DagRecord, TaskRecord } from '../../src/lease/records.ts'
import type { RecordingTables } from './recording-tables.ts'
import { expectedStates } from './reference-model.ts'
import type { RunScript, TaskScript } from './workload.ts'
import type { World } from './world.ts'

export class FinalChecks {
  readonly #world: World
  readonly #tables: RecordingTables

  constructor(world: World, tables: RecordingTables) {
    this.#world = world
    this.#tables = tables
  }

  /** For each run, ended or not. */
  check(run: RunScript): void {
    const record = this.#tables.run(run.id)
    if (record === undefined) return
    for (const dag of this.#tables.dags(run.id)) {
      const tasks = this.#tables.tasks(run.id, dag.name)
      for (const task of tasks) this.#checkTask(run, task)
      if (record.state === 'succeeded') this.#checkStates(run, dag, tasks)
    }
    const { stop } = record
    if (stop === null || stop.reason === 'stopped') return
    const cause = this.#tables.task(stop.by)
    if (cause?.state !== stop.reason) this.#fail('end', `${run.id} ${stop.reason}, but ${stop.by} is ${cause?.state}`)
    if (record.state !== 'running' && record.state !== stop.reason) this.#fail('end', `${run.id} is ${record.state}`)
  }

  #fail(invariant: string, message: string): void {
    this.#world.violate(invariant, message)
  }

  #checkTask(run: RunScript, task: TaskRecord): void {
    const script = scriptOf(run, blueprintOf(task.dag), task.name)
    const ends = task.history.filter(({ end }) => end === 'done' || end === 'stopped' || end === 'aborted')
    if (ends.length > 1 + (task.remade?.times ?? 0))
      this.#fail('twice', `${task.id} was completed ${ends.length} times`)
    this.#checkStarts(task, script)
    if (script.writes && task.state === 'done') this.#checkStore(run, task)
  }

  /** Each start happened once, however often the attempt was repeated. */
  #checkStarts(task: TaskRecord, { starts }: TaskScript): void {
    const copies = this.#tables.dags(task.run).filter(({ starter }) => starter === task.id).length
    const isRight = task.state === 'done' ? copies === starts.length : copies <= starts.length
    if (!isRight) this.#fail('starts', `${task.id} (${task.state}) started ${copies} DAGs instead of ${starts.length}`)
  }

  #checkStore(run: RunScript, task: TaskRecord): void {
    const leaves = this.#tables.leaves(run.id, 'data')
    const read = (name: string) => {
      const leaf = leaves.leaf(`${task.dag}.${task.name}.${name}`)
      return leaf === undefined ? undefined : (decode(leaf) as number)
    }
    const last = task.history.at(-1)
    if (read('set') !== last?.epoch) this.#fail('store', `${task.id} is done and its write is not the last one`)
    const count = read('count') ?? 0
    if (count < 1 || count > task.history.length) {
      this.#fail('store', `${task.history.length} attempts at ${task.id} added ${count} times`)
    }
  }

  #checkStates(run: RunScript, dag: DagRecord, tasks: readonly TaskRecord[]): void {
    const plan = run.dags.find(({ name }) => name === dag.blueprint)
    if (plan === undefined) return
    const expected = expectedStates(plan, task => scriptOf(run, dag.blueprint, task))
    for (const { id, name, state } of tasks) {
      if (state !== expected.get(name)) this.#fail('skip rules', `${id} is ${state}, not ${expected.get(name)}`)
    }
  }
}

export function scriptOf(run: RunScript, blueprint: string, task: string): TaskScript {
  const script = run.scripts.get(`${blueprint}/${task}`)
  if (script === undefined) throw new Error(`no script for ${blueprint}/${task}`)
  return script
}

function blueprintOf(dag: string): string {
  return dag.slice(0, dag.lastIndexOf(':'))
}

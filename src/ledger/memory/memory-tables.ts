/** The tables as maps. Records in them are never changed, only replaced. */
import { OPEN_TASK_STATES, WAITING_TASK_STATES } from '../../lease/end-states.ts'
import type { DagRecord, EdgeRecord, SessionRecord, TaskRecord, TaskState, Vote } from '../../lease/records.ts'
import { endingOf } from '../../lease/ending-of.ts'
import type { Ending } from '../../lease/votes.ts'
import type { StoreSection } from '../../lease/store-write.ts'
import type { DagPlan } from '../../workflow/plan.ts'
import type { DagProgress, RunFilter, TaskStanding } from '../ledger.ts'
import { unpackPart, type PackedDag } from '../plan-parts.ts'
import { isWanted, type BlueprintPart, type EndedTask, type InputRow, type SectionTable } from '../tables.ts'
import type { RunHead, Tables } from '../tables.ts'
import { MemoryLeaves } from './memory-leaves.ts'
import { ReadyIndex } from './ready-index.ts'
import { Blueprint, connect, placeNode, type DagNode, type RunNode, type TaskNode } from './task-graph.ts'
import type { UndoLog } from './undo-log.ts'

const OPEN = new Set(OPEN_TASK_STATES)
const WAITING = new Set(WAITING_TASK_STATES)

export class MemoryTables implements Tables {
  readonly #undo: UndoLog
  readonly #sessions = new Map<string, SessionRecord>()
  readonly #runs = new Map<string, RunNode>()
  readonly #tasks = new Map<string, TaskNode>()
  readonly #ready = new ReadyIndex()
  readonly #claimed = new Map<string, TaskNode>()
  readonly #starts = new Map<string, Map<string, DagNode>>()
  readonly #bundles = new Map<string, Uint8Array>()

  constructor(undo: UndoLog) {
    this.#undo = undo
  }

  // --- sessions -------------------------------------------------------------------------------------------------------------------

  session(id: string): SessionRecord | undefined {
    return this.#sessions.get(id)
  }

  putSession(session: SessionRecord): void {
    this.#undo.set(this.#sessions, session.id, session)
  }

  openSessions(): SessionRecord[] {
    return this.#sessions
      .values()
      .filter(({ state }) => state !== 'dead')
      .toArray()
  }

  openSessionsOfPeer(peer: string): SessionRecord[] {
    return this.openSessions().filter(session => session.peer === peer)
  }

  sessionsDeadAfter(wallMs: number): SessionRecord[] {
    return this.#sessions
      .values()
      .filter(({ deadAt }) => deadAt !== null && deadAt > wallMs)
      .toArray()
  }

  deleteSessionsDeadBefore(wallMs: number): void {
    for (const { id, deadAt } of this.#sessions.values()) {
      if (deadAt !== null && deadAt < wallMs) this.#undo.delete(this.#sessions, id)
    }
  }

  // --- runs -----------------------------------------------------------------------------------------------------------------------

  run(id: string): RunHead | undefined {
    return this.#runs.get(id)?.head
  }

  insertRun(head: RunHead, blueprints: readonly PackedDag[]): void {
    this.#undo.set(this.#runs, head.id, {
      head,
      blueprints: new Map(blueprints.map(dag => [dag.name, new Blueprint(dag)])),
      dags: new Map(),
      openDags: new Map(),
      lastCopies: new Map(),
      leaves: { data: new MemoryLeaves(this.#undo), meta: new MemoryLeaves(this.#undo) },
    })
  }

  putRun(head: RunHead): void {
    const node = this.#runNode(head.id)
    const before = node.head
    node.head = head
    this.#undo.note(() => (node.head = before))
  }

  runs({ states, limit, ...only }: RunFilter): RunHead[] {
    const heads = [...this.#runs.values()].map(({ head }) => head).toReversed()
    const inState = heads.filter(({ state }) => states === undefined || states.includes(state))
    return inState.filter(isWanted(only)).slice(0, limit)
  }

  blueprint(run: string, name: string): DagPlan | undefined {
    return this.#runs.get(run)?.blueprints.get(name)?.plan
  }

  blueprintPart(run: string, name: string, number: number): BlueprintPart | undefined {
    const packed = this.#runs.get(run)?.blueprints.get(name)?.packed
    const bytes = packed?.parts[number]
    if (packed === undefined || bytes === undefined) return undefined
    return { part: unpackPart(bytes), parts: packed.parts.length, tasks: packed.tasks }
  }

  blueprints(run: string): DagPlan[] {
    return Array.from(this.#runs.get(run)?.blueprints.values() ?? [], ({ plan }) => plan)
  }

  blueprintNames(run: string): string[] {
    return [...(this.#runs.get(run)?.blueprints.keys() ?? [])]
  }

  #runNode(id: string): RunNode {
    const node = this.#runs.get(id)
    if (node === undefined) throw new Error(`no run ${id}`)
    return node
  }

  // --- DAGs -----------------------------------------------------------------------------------------------------------------------

  dag(run: string, name: string): DagRecord | undefined {
    return this.#runs.get(run)?.dags.get(name)?.dag
  }

  /** Without a size: tasks have no numbers here. */
  insertDag(dag: DagRecord, copy: number, _size?: number): void {
    const run = this.#runNode(dag.run)
    const node: DagNode = { dag, copy, tasks: new Map(), coming: new Map(), open: new Set() }
    this.#undo.set(run.dags, dag.name, node)
    this.#undo.set(run.lastCopies, dag.blueprint, copy)
    if (dag.state === 'running') this.#undo.set(run.openDags, dag.name, node)
    if (dag.starter === null || dag.starterKey === null) return
    const starts = this.#starts.get(dag.starter) ?? new Map<string, DagNode>()
    this.#undo.set(this.#starts, dag.starter, starts)
    this.#undo.set(starts, dag.starterKey, node)
  }

  putDag(dag: DagRecord): void {
    const run = this.#runNode(dag.run)
    const node = this.#dagNode(dag.run, dag.name)
    const before = node.dag
    node.dag = dag
    this.#undo.note(() => (node.dag = before))
    if (dag.state !== 'running') this.#undo.delete(run.openDags, dag.name)
  }

  dags(run: string): DagRecord[] {
    return Array.from(this.#runs.get(run)?.dags.values() ?? [], ({ dag }) => dag)
  }

  openDags(run: string): DagRecord[] {
    return Array.from(this.#runs.get(run)?.openDags.values() ?? [], ({ dag }) => dag)
  }

  unwrittenDags(limit: number, run?: string): DagRecord[] {
    const runs = run === undefined ? this.#runs.keys() : [run].values()
    const found = runs
      .flatMap(id => this.openDags(id))
      .filter(({ unwritten }) => unwritten !== undefined)
      .toArray()
    const [stopped, live] = [found.filter(({ stop }) => stop !== null), found.filter(({ stop }) => stop === null)]
    return [...live, ...stopped].slice(0, limit)
  }

  hasOpenDag(run: string): boolean {
    return this.#runNode(run).openDags.size > 0
  }

  dagCount(run: string): number {
    return this.#runNode(run).dags.size
  }

  lastCopy(run: string, blueprint: string): number {
    return this.#runNode(run).lastCopies.get(blueprint) ?? 0
  }

  dagByStarter(starter: string, starterKey: string): DagRecord | undefined {
    return this.#starts.get(starter)?.get(starterKey)?.dag
  }

  dagsByStarter(starter: string): DagRecord[] {
    return Array.from(this.#starts.get(starter)?.values() ?? [], ({ dag }) => dag)
  }

  #dagNode(run: string, name: string): DagNode {
    const node = this.#runNode(run).dags.get(name)
    if (node === undefined) throw new Error(`no DAG ${name} in ${run}`)
    return node
  }

  // --- tasks ----------------------------------------------------------------------------------------------------------------------

  task(id: string): TaskRecord | undefined {
    return this.#tasks.get(id)?.task
  }

  insertTasks(tasks: readonly TaskRecord[], edges: readonly EdgeRecord[], _place?: (name: string) => number): void {
    const [first] = tasks
    if (first === undefined) return
    const dag = this.#dagNode(first.run, first.dag)
    for (const task of tasks) {
      const node = placeNode(dag, task, this.#undo)
      this.#undo.set(this.#tasks, task.id, node)
      this.#index(node)
      this.#undo.note(() => this.#unindex(node))
    }
    connect(dag, edges, this.#undo)
  }

  putTask(task: TaskRecord): void {
    const node = this.#taskNode(task.id)
    const before = node.task
    this.#replace(node, task)
    this.#undo.note(() => this.#replace(node, before))
  }

  #replace(node: TaskNode, task: TaskRecord): void {
    this.#unindex(node)
    node.task = task
    this.#index(node)
  }

  #index(node: TaskNode): void {
    const { task, dag } = node
    if (OPEN.has(task.state)) dag.open.add(node)
    if (task.state === 'ready') this.#ready.add(task)
    if (task.state === 'claimed') this.#claimed.set(task.id, node)
  }

  #unindex(node: TaskNode): void {
    const { task, dag } = node
    dag.open.delete(node)
    if (task.state === 'ready') this.#ready.remove(task)
    this.#claimed.delete(task.id)
  }

  tasks(run: string, dag?: string): TaskRecord[] {
    const node = this.#runs.get(run)
    const dags = dag === undefined ? [...(node?.dags.values() ?? [])] : [node?.dags.get(dag)]
    return dags.flatMap(dag => Array.from(dag?.tasks.values() ?? [], ({ task }) => task))
  }

  taskCounts(run: string): Partial<Record<TaskState, number>> {
    const counts: Partial<Record<TaskState, number>> = {}
    for (const { state } of this.tasks(run)) counts[state] = (counts[state] ?? 0) + 1
    return counts
  }

  dagProgress(run: string): DagProgress[] {
    const dags = this.#runs.get(run)?.dags.values() ?? []
    return Array.from(dags, ({ dag, tasks }) => progressOf(dag.name, [...tasks.values()]))
  }

  taskStates(run: string, dag: string): TaskStanding[] {
    return this.tasks(run, dag).map(({ id, state, epoch }) => ({ id, state, epoch }))
  }

  tasksIn(run: string, states: readonly TaskState[], limit: number): TaskRecord[] {
    return this.tasks(run)
      .filter(({ state }) => states.includes(state))
      .slice(0, limit)
  }

  hasOpenTask(run: string, dag: string): boolean {
    return this.#dagNode(run, dag).open.size > 0
  }

  cancelWaiting(run: string, dag: string, wallMs: number): void {
    for (const { task } of this.#dagNode(run, dag).open) {
      if (WAITING.has(task.state)) this.putTask({ ...task, state: 'cancelled', endedAt: wallMs })
    }
  }

  readyTasks(queue: string, wallMs: number, limit: number): TaskRecord[] {
    return this.#due(queue, wallMs).take(limit).toArray()
  }

  bestReadyPriority(queue: string, wallMs: number): number | undefined {
    return this.#due(queue, wallMs).next().value?.priority
  }

  #due(queue: string, wallMs: number): IteratorObject<TaskRecord, undefined> {
    return this.#ready.inOrder(queue).filter(({ notBefore }) => (notBefore ?? 0) <= wallMs)
  }

  nextDueAt(queue: string, wallMs: number): number | undefined {
    const times = this.#ready
      .inOrder(queue)
      .flatMap(({ notBefore }) => ((notBefore ?? 0) > wallMs ? [notBefore ?? 0] : []))
    const earliest = times.reduce((one, other) => Math.min(one, other), Infinity)
    return earliest === Infinity ? undefined : earliest
  }

  backlog(): Record<string, number> {
    return this.#ready.counts()
  }

  claimedBy(session: string): TaskRecord[] {
    return this.#claimedTasks()
      .filter(({ owner }) => owner === session)
      .toArray()
  }

  orphans(limit: number): TaskRecord[] {
    const isOver = (session: string | null) => (this.#sessions.get(session ?? '')?.state ?? 'dead') === 'dead'
    return this.#claimedTasks()
      .filter(({ owner }) => isOver(owner))
      .take(limit)
      .toArray()
  }

  #claimedTasks(): IteratorObject<TaskRecord, undefined> {
    return this.#claimed.values().map(({ task }) => task)
  }

  #taskNode(id: string): TaskNode {
    const node = this.#tasks.get(id)
    if (node === undefined) throw new Error(`no task ${id}`)
    return node
  }

  // --- edges ----------------------------------------------------------------------------------------------------------------------

  edges(run: string, dag: string): EdgeRecord[] {
    const nodes = Array.from(this.#dagNode(run, dag).tasks.values())
    return nodes.flatMap(node =>
      node.into.map(({ from, slot, vote }, order) => {
        return { run, dag, from: from.task.name, to: node.task.name, slot, order, vote }
      }),
    )
  }

  untoldSuccessors(task: string): string[] {
    const edges = this.#taskNode(task).outOf.entries()
    return edges
      .filter(([, { vote }]) => vote === null)
      .map(([id]) => id)
      .toArray()
  }

  endedBefore(tasks: readonly string[]): EndedTask[] {
    const untold = new Map<TaskNode, string[]>()
    for (const { from, to, vote } of tasks.flatMap(id => this.#taskNode(id).into)) {
      if (vote !== null || endingOf(from.task) === undefined) continue
      const known = untold.get(from)
      if (known === undefined) untold.set(from, [to.task.id])
      else known.push(to.task.id)
    }
    return Array.from(untold, ([{ task }, ids]) => ({ id: task.id, ending: endingOf(task) as Ending, untold: ids }))
  }

  blockedSuccessors(task: string): TaskRecord[] {
    const edges = this.#taskNode(task).outOf.values()
    return edges.flatMap(({ to }) => (to.task.state === 'blocked' ? [to.task] : [])).toArray()
  }

  castVote(from: string, to: string, vote: Vote): void {
    const edge = this.#taskNode(from).outOf.get(to)
    if (edge === undefined || edge.vote !== null) return
    const { votes } = edge.to
    edge.vote = vote
    votes.none -= 1
    votes[vote] += 1
    this.#undo.note(() => {
      edge.vote = null
      votes.none += 1
      votes[vote] -= 1
    })
  }

  votesInto(task: string): (Vote | null)[] {
    const { none, run, skip } = this.#taskNode(task).votes
    const votes: (Vote | null)[] = []
    if (none > 0) votes.push(null)
    if (run > 0) votes.push('run')
    if (skip > 0) votes.push('skip')
    return votes
  }

  inputs(task: string, limit = Infinity): InputRow[] {
    return this.#taskNode(task)
      .into.values()
      .flatMap(({ from: { task }, slot }) => {
        const { name, out, epoch, state } = task
        return out === null ? [] : [{ task: name, slot, payload: out, epoch, state }]
      })
      .take(limit)
      .toArray()
  }

  // --- store and bundles ------------------------------------------------------------------------------------------------------------

  leaves(run: string, section: StoreSection): SectionTable {
    return this.#runNode(run).leaves[section]
  }

  putBundle(hash: string, bytes: Uint8Array): void {
    this.#undo.set(this.#bundles, hash, bytes)
  }

  bundle(hash: string): Uint8Array | undefined {
    return this.#bundles.get(hash)
  }
}

function progressOf(dag: string, nodes: readonly TaskNode[]): DagProgress {
  const counts: DagProgress['counts'] = {}
  for (const { task } of nodes) counts[task.state] = (counts[task.state] ?? 0) + 1
  return { dag, counts, epochs: nodes.reduce((sum, { task }) => sum + task.epoch, 0) }
}

/** Random workflows: what is submitted, and what the body of each task does. */
import { dagPlan, taskPlan } from '../support/memory-peers.ts'
import type { DagPlan, Effect, TaskPlan } from '../../src/workflow/plan.ts'
import type { Draw } from './draw.ts'

/** What "user code" does, decided beforehand so that every attempt of a task does the same. */
export interface TaskScript {
  durationMs: number
  /** Attempts that fail before one does not. */
  failTimes: number
  outcome: 'done' | 'stopped' | 'aborted'
  limit: string[] | null
  skipSuccessors: boolean
  /** Blueprints that it starts, in this order. */
  starts: string[]
  join: 'none' | 'names' | 'all'
  /** Ignores `signal.abort` until it is killed. */
  stubborn: boolean
  /** Kills its whole process. */
  poison: boolean
  /** Runs until it is told to stop. */
  untilStopped: boolean
  stopsWorkflow: boolean
  /** Its first attempt hangs where nothing but the end of the process ends it. */
  hangs: boolean
  /** Adds to the store: a set and an increment, both named after the task. */
  writes: boolean
}

export interface RunScript {
  id: string
  submitAtMs: number
  stopAtMs: number | null
  dags: DagPlan[]
  /** By `blueprint/task`. */
  scripts: Map<string, TaskScript>
}

export interface WorkloadOptions {
  runs: number
  queues: readonly string[]
  spreadMs: number
  maxTasks: number
  maxDurationMs: number
  effects: readonly Effect[]
  failures: boolean
  timeouts: boolean
  limits: boolean
  nests: boolean
  stops: boolean
  poison: boolean
  stubborn: boolean
  hangs: boolean
  /** Tasks of a further DAG that need nothing of each other and take next to no time, now and then one excepted; 0 = no such DAG. */
  tinyTasks: number
}

const MAX_DEPTH = 3

export function makeWorkload(draw: Draw, options: WorkloadOptions): RunScript[] {
  return Array.from({ length: options.runs }, (_, index) => makeRun(draw, `run${index}`, options))
}

function makeRun(draw: Draw, id: string, options: WorkloadOptions): RunScript {
  const scripts = new Map<string, TaskScript>()
  const isStopped = options.stops && draw.chance(0.4)
  const submitAtMs = draw.between(0, options.spreadMs)
  const depth = options.nests ? draw.int(0, MAX_DEPTH) : 0
  const dags: DagPlan[] = []
  for (let level = 0; level <= depth; level++) {
    const copies = level === 0 ? draw.int(1, 2) : 1
    for (let copy = 0; copy < copies; copy++) {
      const name = level === 0 ? `main${copy}` : `sub${level}`
      const below = level < depth ? `sub${level + 1}` : null
      dags.push(makeDag(draw, { name, below, autostart: level === 0, isStopped, scripts, options }))
    }
  }
  if (options.tinyTasks > 0) dags.push(makeTinyTasks(draw, { isStopped, scripts, options }))
  return { id, submitAtMs, stopAtMs: isStopped ? submitAtMs + draw.between(0, options.spreadMs) : null, dags, scripts }
}

interface DagShape {
  name: string
  below: string | null
  autostart: boolean
  isStopped: boolean
  scripts: Map<string, TaskScript>
  options: WorkloadOptions
}

function makeDag(draw: Draw, { name, below, autostart, isStopped, scripts, options }: DagShape): DagPlan {
  const names = Array.from({ length: draw.int(1, autostart ? options.maxTasks : 4) }, (_, index) => `t${index}`)
  const density = draw.between(0, 0.5)
  const edges: [string, string][] = []
  for (const [index, to] of names.entries()) {
    for (const from of names.slice(0, index)) if (draw.chance(density)) edges.push([from, to])
  }
  const starter = below === null ? null : draw.pick(names)
  const tasks = names.map(task => {
    const successors = edges.filter(([from]) => from === task).map(([, to]) => to)
    const script = makeScript(draw, { successors, isStopped, starts: task === starter ? below : null, options })
    scripts.set(`${name}/${task}`, script)
    return makeTask(draw, task, script, options)
  })
  return dagPlan(name, tasks, edges, autostart)
}

const MAX_TINY_MS = 2

/** Enough of them that peers claim ahead. */
function makeTinyTasks(
  draw: Draw,
  { isStopped, scripts, options }: Pick<DagShape, 'isStopped' | 'scripts' | 'options'>,
): DagPlan {
  const names = Array.from({ length: options.tinyTasks }, (_, index) => `t${index}`)
  const tasks = names.map(task => {
    const script = makeScript(draw, { successors: [], isStopped, starts: null, options })
    if (!draw.chance(0.03)) script.durationMs = draw.between(0, MAX_TINY_MS)
    scripts.set(`tiny/${task}`, script)
    return makeTask(draw, task, script, options)
  })
  return dagPlan('tiny', tasks)
}

interface ScriptShape {
  successors: string[]
  isStopped: boolean
  starts: string | null
  options: WorkloadOptions
}

function makeScript(draw: Draw, { successors, isStopped, starts, options }: ScriptShape): TaskScript {
  const { failures, limits, stops, poison, stubborn, maxDurationMs } = options
  return {
    durationMs: draw.chance(0.2) ? 0 : draw.between(0, maxDurationMs),
    failTimes: failures && draw.chance(0.25) ? draw.int(1, 2) : 0,
    outcome: limits && draw.chance(0.1) ? 'stopped' : failures && draw.chance(0.02) ? 'aborted' : 'done',
    limit: limits && draw.chance(0.2) ? successors.filter(() => draw.chance(0.5)) : null,
    skipSuccessors: draw.chance(0.5),
    starts: starts === null ? [] : Array.from({ length: draw.int(1, 2) }, () => starts),
    join: draw.pick(['none', 'names', 'all'] as const),
    stubborn: stubborn && draw.chance(0.3),
    poison: poison && draw.chance(0.05),
    untilStopped: isStopped && draw.chance(0.15),
    stopsWorkflow: stops && draw.chance(0.02),
    hangs: false,
    writes: draw.chance(0.2),
  }
}

function makeTask(draw: Draw, name: string, script: TaskScript, options: WorkloadOptions): TaskPlan {
  const { queues, effects, timeouts, limits } = options
  // With enough retries a task that fails some times succeeds in the end; sometimes one too few.
  const retries = script.failTimes > 0 ? script.failTimes - (draw.chance(0.1) ? 1 : 0) : draw.int(0, 1)
  const timesOut = timeouts && draw.chance(0.1)
  script.hangs = timesOut && options.hangs && draw.chance(0.5)
  return taskPlan(name, {
    queue: draw.pick(queues),
    effect: draw.pick(effects),
    priority: draw.chance(0.2) ? draw.int(-2, 2) : 0,
    retries,
    backoffMs: draw.int(0, 500),
    timeoutMs: timesOut ? draw.int(100, 3000) : null,
    forceRun: limits && draw.chance(0.1),
    propagateSkip: !limits || draw.chance(0.7),
  })
}

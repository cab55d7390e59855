import { LightflowError } from '../core/errors.ts'
import { checkName } from '../../protocols/ids.ts'
import { KIND, isOfKind, nextSerial } from './brand.ts'
import { readSchema } from './dag-schema.ts'
import type { DagSchema, Edge, Graph } from './dag-schema.ts'
import { describeValue } from './describe-value.ts'
import { didYouMean } from './did-you-mean.ts'
import { findCycle } from './find-cycle.ts'
import type { Task } from './task.ts'

export interface DagOptions {
  /** Starts with the workflow (default); otherwise only through `signal.startDag`. */
  autostart?: boolean
  /** Queue of its tasks that name none themselves. */
  queue?: string | null
  /** The same as calling `define`. */
  schema?: DagSchema
}

/** A directed acyclic graph of tasks. A run starts copies of it, `name:1`, `name:2`, … */
export class Dag {
  readonly name: string
  readonly autostart: boolean
  readonly queue: string | null
  readonly serial = nextSerial()
  #graph: Graph | undefined
  #successors: Map<string, string | string[]> | undefined

  constructor(name: string, options: DagOptions = {}) {
    this.name = checkName('DAG', name)
    const { autostart = true, queue = null, schema, ...unknown } = options
    const [stranger] = Object.keys(unknown)
    if (stranger !== undefined) {
      const hint = didYouMean(stranger, ['autostart', 'queue', 'schema'])
      throw new LightflowError('LF_DAG_OPTIONS', `The DAG "${this.name}" has no option "${stranger}".`, { hint })
    }
    if (typeof autostart !== 'boolean') {
      const got = describeValue(autostart)
      throw new LightflowError(
        'LF_DAG_OPTIONS',
        `The DAG "${this.name}" needs true or false as "autostart", but got ${got}.`,
      )
    }
    this.autostart = autostart
    this.queue = queue === null ? null : checkName('queue', queue)
    if (schema !== undefined) this.define(schema)
  }

  get [KIND](): 'dag' {
    return 'dag'
  }

  /**
   * Says which task follows which; a later call replaces an earlier one. Throws, and leaves the DAG as it was, for anything that
   * is no DAG: `LF_DAG_SCHEMA`, `LF_DUPLICATE_TASK`, `LF_DAG_CYCLE`, `LF_DAG_TOO_LARGE`.
   */
  define(schema: DagSchema): this {
    const graph = readSchema(this.name, schema)
    const cycle = findCycle(graph.tasks.values(), graph.edges)
    if (cycle !== undefined) throw cycleError(this.name, cycle)
    this.#graph = graph
    this.#successors = undefined
    return this
  }

  get isDefined(): boolean {
    return this.#graph !== undefined
  }

  /** By name, in order of definition. Throws `LF_DAG_UNDEFINED`. */
  get tasks(): ReadonlyMap<string, Task> {
    return this.#defined().tasks
  }

  /** In order of definition. Throws `LF_DAG_UNDEFINED`. */
  get edges(): readonly Edge[] {
    return this.#defined().edges
  }

  /** Throws `LF_UNKNOWN_TASK`. */
  task(name: string): Task {
    const task = this.tasks.get(name)
    if (task !== undefined) return task
    throw new LightflowError('LF_UNKNOWN_TASK', `The DAG "${this.name}" has no task "${name}".`, {
      hint: didYouMean(name, this.tasks.keys()),
    })
  }

  /** Names of the direct successors of a task, in order of definition. */
  successors(task: string): readonly string[] {
    this.#successors ??= successorsByName(this.edges)
    const names = this.#successors.get(task) ?? []
    return typeof names === 'string' ? [names] : names
  }

  #defined(): Graph {
    if (this.#graph !== undefined) return this.#graph
    throw new LightflowError('LF_DAG_UNDEFINED', `The DAG "${this.name}" has no tasks yet.`, {
      hint: 'Say what it consists of: dag.define([[first, second]]).',
    })
  }
}

export function isDag(value: unknown): value is Dag {
  return isOfKind(value, 'dag')
}

/** Longer cycles are shortened in the message; `facts.cycle` has them whole. */
const MAX_CYCLE_SHOWN = 50

function cycleError(dag: string, cycle: readonly Task[]): LightflowError {
  const names = cycle.map(task => task.name)
  const cut = names.length > MAX_CYCLE_SHOWN
  const shown = cut ? [...names.slice(0, MAX_CYCLE_SHOWN), `… (${names.length - MAX_CYCLE_SHOWN} more)`] : names
  const ring = [...shown, names[0]].join(' -> ')
  return new LightflowError('LF_DAG_CYCLE', `The DAG "${dag}" runs in a circle: ${ring}.`, {
    hint: 'Remove one of these edges. To repeat work, let a task start a copy of a DAG with signal.startDag.',
    facts: { cycle: names },
  })
}

/** A list only where there are several: most tasks of large DAGs have one, and every thread that runs some of them keeps this. */
function successorsByName(edges: readonly Edge[]): Map<string, string | string[]> {
  const successors = new Map<string, string | string[]>()
  for (const { from, to } of edges) {
    const known = successors.get(from.name)
    if (known === undefined) successors.set(from.name, to.name)
    else if (typeof known === 'string') successors.set(from.name, [known, to.name])
    else known.push(to.name)
  }
  return successors
}

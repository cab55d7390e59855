/**
 * A workflow: what the exports of a loaded file amount to. This room is the authoring model: what users write, checked where it is
 * written. It does no I/O and knows nothing of peers; `bundle/` loads it, `make-plan.ts` turns it into what the ledger keeps.
 */
import { LightflowError } from '../core/errors.ts'
import { checkName } from '../../protocols/ids.ts'
import { isDag } from './dag.ts'
import type { Dag } from './dag.ts'
import { describeValue } from './describe-value.ts'
import { didYouMean } from './did-you-mean.ts'
import { isParameters, joinParameters } from './parameters.ts'
import type { Parameters } from './parameters.ts'
import type { Task } from './task.ts'

export interface Workflow {
  readonly name: string
  /** First line of the file's docstring. */
  readonly description: string
  /** By name, in the order in which the file makes them. */
  readonly dags: ReadonlyMap<string, Dag>
  readonly parameters: Parameters
}

/**
 * Only exported Dag and Parameters objects count, under whatever names, also in exported lists. Throws `LF_NO_DAG`,
 * `LF_DUPLICATE_DAG`, `LF_DAG_UNDEFINED`, `LF_PARAMETERS`, `LF_WORKFLOW_EXPORT`.
 */
export function makeWorkflow(name: string, exports: Readonly<Record<string, unknown>>, description = ''): Workflow {
  checkName('workflow', name)
  const dags = new Set<Dag>()
  const parameters = new Set<Parameters>()
  for (const [exportName, value] of Object.entries(exports)) {
    if (Array.isArray(value)) checkList(exportName, value)
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isDag(item)) dags.add(item)
      else if (isParameters(item)) parameters.add(item)
    }
  }
  if (dags.size === 0) throw noDag(name)
  return {
    name,
    description,
    dags: dagsByName(name, inOrder(dags)),
    parameters: joinParameters(inOrder(parameters)),
  }
}

/** Throws `LF_UNKNOWN_DAG`. */
export function findDag({ name, dags }: Workflow, dag: string): Dag {
  const found = dags.get(dag)
  if (found !== undefined) return found
  throw new LightflowError('LF_UNKNOWN_DAG', `The workflow "${name}" has no DAG "${dag}".`, {
    hint: didYouMean(dag, dags.keys()),
  })
}

/** Throws `LF_UNKNOWN_DAG`, `LF_UNKNOWN_TASK`. */
export function findTask(workflow: Workflow, dag: string, task: string): Task {
  return findDag(workflow, dag).task(task)
}

function dagsByName(workflow: string, dags: readonly Dag[]): Map<string, Dag> {
  const byName = new Map<string, Dag>()
  for (const dag of dags) {
    if (byName.has(dag.name)) {
      throw new LightflowError(
        'LF_DUPLICATE_DAG',
        `The workflow "${workflow}" has two DAGs of the name "${dag.name}".`,
        {
          hint: 'Rename one of them: DAGs are started, stopped and shown by name.',
        },
      )
    }
    // Reading the tasks of a DAG that was never defined throws.
    void dag.tasks
    byName.set(dag.name, dag)
  }
  return byName
}

function inOrder<Item extends { readonly serial: number }>(items: ReadonlySet<Item>): Item[] {
  return Array.from(items).sort((a, b) => a.serial - b.serial)
}

/** A list of other things is none of our business; a list of DAGs with a hole in it is a mistake. */
function checkList(exportName: string, items: readonly unknown[]): void {
  if (!items.some(isDag)) return
  const index = items.findIndex(item => !isDag(item))
  if (index === -1) return
  const found = describeValue(items[index])
  throw new LightflowError(
    'LF_WORKFLOW_EXPORT',
    `Number ${index + 1} of the exported DAGs "${exportName}" is ${found}.`,
  )
}

function noDag(workflow: string): LightflowError {
  return new LightflowError('LF_NO_DAG', `The workflow "${workflow}" exports no DAG.`, {
    hint: "Export it: export const main = new Dag('main').define([[first, second]]).",
  })
}

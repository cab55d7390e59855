/** A run that did not succeed is submitted again, without what it had finished. */
import { LightflowError, hasCode } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import type { PayloadRef, RunRecord, SessionRecord, TaskRecord } from '../lease/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { DEFAULT_QUEUE } from '../workflow/make-plan.ts'
import { parseQueue, queueWithNeeds } from '../workflow/needs.ts'
import type { DagPlan, WorkflowPlan } from '../workflow/plan.ts'
import { makeRunId } from '../../protocols/ids.ts'
import { MAX_RUN_ID_TRIES, type LoadedWorkflow } from './submit-workflow.ts'
import { whoAmI } from './who-am-i.ts'

export interface RetryParts {
  ledger: Ledger
  random: Random
  /** True when the bytes are on this host; they then stay for the whole retention time. */
  keep: (hash: string) => Promise<boolean>
  /** Also the dead ones that are remembered. */
  sessions: () => Promise<readonly SessionRecord[]>
}

/** `corrected`: the workflow as it is now, instead of the code that the old run had. */
export async function retryWorkflow(
  parts: RetryParts,
  old: RunRecord,
  corrected: LoadedWorkflow | undefined,
): Promise<RunRecord> {
  const { ledger, random } = parts
  if (old.state !== 'running' && old.state !== 'succeeded') await checkPayloads(parts, old)
  if (corrected !== undefined) await ledger.putBundle(corrected.hash, corrected.code)
  const { args, priority, keepData, workflow } = old
  const plan = corrected === undefined ? old.plan : withQueues(corrected.plan, old.plan)
  const bundle = corrected?.hash ?? old.bundle
  const given = { plan, bundle, args, priority, keepData, queue: null, retryOf: old.id, submittedBy: whoAmI() }
  for (let tries = 1; ; tries++) {
    try {
      return await ledger.submit({ id: makeRunId(workflow, random), ...given })
    } catch (error) {
      if (!hasCode(error, 'LF_RUN_EXISTS') || tries >= MAX_RUN_ID_TRIES) throw error
    }
  }
}

/** The queue that the old run was started with stays that of the tasks which name none. */
function withQueues(plan: WorkflowPlan, old: WorkflowPlan): WorkflowPlan {
  const before = new Map(old.dags.flatMap(dag => dag.tasks.map(task => [`${dag.name}/${task.name}`, task.queue])))
  const dags = plan.dags.map((dag): DagPlan => {
    const tasks = dag.tasks.map(task => {
      const { queue, needs } = parseQueue(task.queue)
      const old = before.get(`${dag.name}/${task.name}`)
      if (queue !== DEFAULT_QUEUE || old === undefined) return task
      return { ...task, queue: queueWithNeeds(parseQueue(old).queue, needs) }
    })
    return { ...dag, tasks }
  })
  return { ...plan, dags }
}

const MAX_NAMED = 5

/** What the rest of the run needs must be there still. Throws `LF_RETRY_PAYLOADS`. */
async function checkPayloads({ ledger, keep, sessions }: RetryParts, run: RunRecord): Promise<void> {
  const needed = neededOutputs(run, await ledger.tasks(run.id))
  if (needed.length === 0) return
  const known = await sessions()
  const missing: string[] = []
  for (const { task, ref } of needed) {
    if (!(await keep(ref.hash)) && (ledger.traits.oneHost || !isHeld(ref, known))) missing.push(task)
  }
  if (missing.length === 0) return
  const named = missing.slice(0, MAX_NAMED).join(', ')
  const more = missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : ''
  throw new LightflowError('LF_RETRY_PAYLOADS', `What ${named}${more} returned is not kept any more.`, {
    hint: `Large results are dropped some days after their run. Start the workflow anew: lf workflow start ${run.workflow}`,
    facts: { run: run.id, tasks: missing },
  })
}

const KEPT: ReadonlySet<string> = new Set(['done', 'skipped', 'stopped'])

/** Larger outputs of tasks that are done, for successors that are not. */
function neededOutputs(run: RunRecord, tasks: readonly TaskRecord[]): { task: string; ref: PayloadRef }[] {
  const open = new Set(tasks.filter(({ state }) => !KEPT.has(state)).map(({ dag, name }) => `${dag}/${name}`))
  const plans = new Map(run.plan.dags.map(plan => [plan.name, Map.groupBy(plan.edges, ({ from }) => from)]))
  return tasks.flatMap(({ dag, name, out }) => {
    if (out === null || out.inline !== null) return []
    const followers = plans.get(dag.replace(/:\d+$/, ''))?.get(name) ?? []
    return followers.some(({ to }) => open.has(`${dag}/${to}`)) ? [{ task: `${dag}/${name}`, ref: out }] : []
  })
}

/** By a live peer, or by one whose host has a live peer: they share their files. */
function isHeld({ holders }: PayloadRef, sessions: readonly SessionRecord[]): boolean {
  const hosts = new Set(sessions.filter(({ peer }) => holders.includes(peer)).map(({ host }) => host))
  return sessions.some(({ state, peer, host }) => state !== 'dead' && (holders.includes(peer) || hosts.has(host)))
}

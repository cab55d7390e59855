/** A run that did not succeed is submitted again, without what it had finished. */
import { LightflowError, hasCode } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import type { PayloadRef, RunRecord, SessionRecord, TaskRecord } from '../lease/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { WorkflowPlan } from '../workflow/plan.ts'
import { makeRunId } from '../../protocols/ids.ts'
import { RetryNeeds, type Need } from './retry-needs.ts'
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

export interface RetryChoices {
  /** The workflow as it is now, instead of the code that the old run had. */
  corrected?: LoadedWorkflow
  /** Although another retry has succeeded. */
  again?: boolean
  /** Exclusive tasks that were begun before may run again. */
  exclusiveAgain?: boolean
}

export interface Retried {
  run: RunRecord
  /** Tasks that are done and have to run again all the same, as `dag:n/task`: what they returned is not kept any more. */
  remade: string[]
}

export async function retryWorkflow(parts: RetryParts, old: RunRecord, choices: RetryChoices): Promise<Retried> {
  const { ledger, random } = parts
  const { corrected, again = false } = choices
  const plan = corrected?.plan ?? old.plan
  const hasFailed = old.state !== 'running' && old.state !== 'succeeded'
  const remade = hasFailed ? await checkOld(parts, old, { ...choices, plan }) : []
  const { args, priority, keepData, workflow, queue = null } = old
  // With the run: code that is written before stays when the retry is refused.
  const code = corrected === undefined ? { bundle: old.bundle } : { bundle: corrected.hash, code: corrected.code }
  const given = { plan, ...code, args, priority, keepData, queue, retryOf: old.id, again, submittedBy: whoAmI() }
  for (let tries = 1; ; tries++) {
    try {
      return { run: await ledger.submit({ id: makeRunId(workflow, random), ...given }), remade }
    } catch (error) {
      if (!hasCode(error, 'LF_RUN_EXISTS') || tries >= MAX_RUN_ID_TRIES) throw error
    }
  }
}

const MAX_NAMED = 5

/** Its records do not change any more. Throws `LF_RETRY_EXCLUSIVE`, `LF_RETRY_PAYLOADS`. */
async function checkOld(
  { ledger, keep, sessions }: RetryParts,
  run: RunRecord,
  { plan, exclusiveAgain = false }: RetryChoices & { plan: WorkflowPlan },
): Promise<string[]> {
  const needs = new RetryNeeds(run, await ledger.dags(run.id), await ledger.tasks(run.id))
  const begun = needs.exclusives(plan).map(nameOf)
  if (begun.length > 0 && !exclusiveAgain) throw wouldRunTwice(run, begun)
  let known: readonly SessionRecord[] | undefined
  const isThere = async (ref: PayloadRef): Promise<boolean> => {
    if (await keep(ref.hash)) return true
    if (ledger.traits.oneHost) return false
    return isHeld(ref, (known ??= await sessions()))
  }
  const { missing, remade } = await needs.missing(isThere)
  if (missing.length > 0) throw notKept(run, missing)
  return remade.map(nameOf)
}

function nameOf({ dag, name }: Pick<TaskRecord, 'dag' | 'name'>): string {
  return `${dag}/${name}`
}

function listOf(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : ''
  return `${names.slice(0, MAX_NAMED).join(', ')}${more}`
}

function wouldRunTwice({ id }: RunRecord, tasks: readonly string[]): LightflowError {
  const message =
    tasks.length === 1
      ? `${tasks[0]} was begun in the run ${id} and is exclusive: it must not run twice by itself.`
      : `${listOf(tasks)} were begun in the run ${id} and are exclusive: they must not run twice by themselves.`
  return new LightflowError('LF_RETRY_EXCLUSIVE', message, {
    hint: `Find out what ${tasks.length === 1 ? 'it' : 'they'} did. To run ${tasks.length === 1 ? 'it' : 'them'} again: lf workflow retry ${id} --yes`,
    facts: { run: id, tasks },
  })
}

function notKept({ id, workflow }: RunRecord, missing: readonly Need[]): LightflowError {
  const made = Array.from(new Set(missing.flatMap(({ maker }) => (maker === null ? [] : [nameOf(maker)]))))
  const given = Array.from(new Set(missing.flatMap(({ dag, maker }) => (maker === null ? [dag] : []))))
  const parts = [
    ...(made.length > 0 ? [`what ${listOf(made)} returned`] : []),
    ...(given.length > 0 ? [`what ${listOf(given)} began with`] : []),
  ]
  const sentence = `${parts.join(' and ')} ${parts.length === 1 ? 'is' : 'are'} not kept any more, and cannot be made again.`
  return new LightflowError('LF_RETRY_PAYLOADS', sentence.replace(/^w/, 'W'), {
    hint: `Large data is dropped some days after its run. Start the workflow anew: lf workflow start ${workflow}`,
    facts: { run: id, tasks: made, dags: given },
  })
}

/** By a live peer, or by one whose host has a live peer: they share their files. */
function isHeld({ holders }: PayloadRef, sessions: readonly SessionRecord[]): boolean {
  const hosts = new Set(sessions.filter(({ peer }) => holders.includes(peer)).map(({ host }) => host))
  return sessions.some(({ state, peer, host }) => state !== 'dead' && (holders.includes(peer) || hosts.has(host)))
}

/** From a workflow file to a run in the ledger: bundled, loaded, checked and converted first; submitted only when all is well. */
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { bundleWorkflow } from '../bundle/bundle-workflow.ts'
import { evaluateBundle } from '../bundle/load-bundle.ts'
import { hasCode, LightflowError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import type { RunRecord } from '../lease/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { convertArguments } from '../workflow/convert-arguments.ts'
import { makePlan } from '../workflow/make-plan.ts'
import { unexportedDags } from '../workflow/made-dags.ts'
import type { OptionPlan, WorkflowPlan } from '../workflow/plan.ts'
import { makeRunId } from '../../protocols/ids.ts'
import type { StartOptions } from './client-api.ts'
import { whoAmI } from './who-am-i.ts'

export interface LoadedWorkflow {
  plan: WorkflowPlan
  hash: string
  code: Uint8Array
}

/** Throws whatever is wrong with the file. */
export async function loadWorkflow(file: string): Promise<LoadedWorkflow> {
  const { code, hash, name, description } = await bundleWorkflow(file)
  const workflow = await evaluateBundle(code, { name, description }).catch(async (error: unknown) => {
    throw hasCode(error, 'LF_NO_DAG') ? await forgottenExport(name, file, error) : error
  })
  return { plan: makePlan(workflow), hash, code }
}

/** The commonest reason why a workflow has no DAG, when its text shows it; else `error` itself. */
async function forgottenExport(name: string, file: string, error: unknown): Promise<unknown> {
  const [dag] = unexportedDags(await readFile(file, 'utf8'))
  if (dag === undefined) return error
  const message = `The workflow "${name}" makes the DAG "${dag.variable}" and does not export it (${basename(file)}:${dag.line}).`
  const hint = `Write export in front of it: export const ${dag.variable} = new Dag(…).`
  return new LightflowError('LF_NO_DAG', message, { hint, cause: error })
}

export interface SubmitParts {
  /** Opened only when the workflow and its arguments are found good. */
  ledger: () => Promise<Ledger>
  random: Random
  /** Peers can see the run. It may not be known yet that it is kept. */
  onVisible?: () => void
}

/** Run ids are short enough to be read aloud; a taken one is followed by another. */
export const MAX_RUN_ID_TRIES = 5

export async function submitWorkflow(
  { plan, hash, code }: LoadedWorkflow,
  { args = {}, queue, priority = 0, keepData = false }: StartOptions,
  { ledger: open, random, onVisible }: SubmitParts,
): Promise<RunRecord> {
  const converted = absolutePaths(plan.options, convertArguments(plan.options, args))
  const ledger = await open()
  for (let tries = 1; ; tries++) {
    const id = makeRunId(plan.name, random)
    const run = {
      id,
      plan,
      bundle: hash,
      code,
      args: converted,
      priority,
      keepData,
      queue: queue ?? null,
      submittedBy: whoAmI(),
    }
    try {
      return await ledger.submit(run, onVisible)
    } catch (error) {
      if (!hasCode(error, 'LF_RUN_EXISTS') || tries >= MAX_RUN_ID_TRIES) throw error
    }
  }
}

/** A path means the same to the one who types it and to every peer. An empty one stays empty: "none". */
function absolutePaths<Args extends Record<string, string | number | boolean>>(
  options: readonly OptionPlan[],
  args: Args,
): Args {
  const paths = new Set(options.filter(({ type }) => type === 'path').map(({ name }) => name))
  const entries = Object.entries(args).map(([name, value]) => [
    name,
    paths.has(name) && value !== '' ? resolve(String(value)) : value,
  ])
  return Object.fromEntries(entries) as Args
}

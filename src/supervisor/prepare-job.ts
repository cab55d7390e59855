/** All that a worker needs to run a claimed task: its inputs, what its DAG was started with, the file of its bundle, who it is. */
import { hasCode, LightflowError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { ClaimedTask, Ledger, TaskInput } from '../ledger/ledger.ts'
import type { PayloadRef } from '../lease/records.ts'
import type { PayloadStore } from '../payload/payload-store.ts'
import type { Job, JobContext, JobInput } from '../workers/worker-pool.ts'
import { taskId } from '../../protocols/ids.ts'
import { asRecord, type Ending, MAX_FAULTY_STARTS } from './attempt-ending.ts'
import { fetchInputs } from './fetch-inputs.ts'

export interface PreparationParts {
  ledger: Pick<Ledger, 'noteHolder' | 'traits'>
  payloads: PayloadStore
  log: Log
  /** Path of the file with this bundle, fetched from the ledger when it is not there. */
  bundleFile: (hash: string) => Promise<string>
  /** Path of the attempt's own folder: made by the task when it needs it, removed by the caller. */
  scratchOf: (claimed: ClaimedTask) => string
  /** Whether this peer (id) is alive, as far as is known. */
  isAlive: (peer: string) => boolean
  peer: { name: string; host: string }
  /** Its peer id. */
  self: string
  /** All inputs of an attempt are here. */
  onFetched: () => void
}

/** The attempt that is being prepared. */
export interface Preparing {
  /** Aborts when it is ended from outside. It comes into being when somebody asks for it, which is seldom. */
  signalOf: () => AbortSignal
  /** Repeats what the ledger does not answer. */
  answered: <T>(operation: () => Promise<T>) => Promise<T>
  /** Inputs cannot be had. */
  onLost: (ending: Ending) => void
  /** It is being noted what is here now: to be waited for before the attempt is over. */
  onNoting: (noted: Promise<void>) => void
}

export async function prepareJob(claimed: ClaimedTask, parts: PreparationParts, preparing: Preparing): Promise<Job> {
  const { run, task, blueprint, start } = claimed
  const inputs = await inputsOf(claimed, parts, preparing)
  return {
    bundleFile: await preparing.answered(() => parts.bundleFile(run.bundle)),
    blueprint,
    task: task.name,
    inputs,
    start: start === null ? null : await fetchStart(start, claimed, parts, preparing),
    context: contextOf(claimed, parts),
  }
}

/** Throws when they are not all here. */
async function inputsOf(claimed: ClaimedTask, parts: PreparationParts, preparing: Preparing): Promise<JobInput[]> {
  const { payloads, isAlive, onFetched } = parts
  const { inputs, task } = claimed
  if (inputs.length === 0) {
    onFetched()
    return []
  }
  const mayWait = task.attempts < MAX_FAULTY_STARTS
  const fetched = await fetchInputs(inputs, { payloads, isAlive, mayWait, signal: preparing.signalOf() })
  if (fetched.lost === null) {
    onFetched()
    preparing.onNoting(noteHolder(claimed, parts))
    return fetched.inputs
  }
  preparing.onLost({ kind: 'lost-inputs', error: asRecord(fetched.error), inputs: fetched.lost })
  throw fetched.error
}

/** Who looks for the same inputs next finds them here, too. On one host they are in the same folder. */
async function noteHolder(claimed: ClaimedTask, { ledger, self, log }: PreparationParts): Promise<void> {
  const { run, dag } = claimed.task
  const isNew = ({ payload: { inline, holders } }: TaskInput) => inline === null && !holders.includes(self)
  const fetched = ledger.traits.oneHost ? [] : claimed.inputs.filter(isNew)
  if (fetched.length === 0) return
  const outputs = fetched.map(({ task, epoch }) => ({ task: taskId(run, dag, task), epoch }))
  await ledger.noteHolder(self, outputs).catch(error => log.debug('it is not noted what is here', { error }))
}

/** What a task gave to this DAG when it started it. Nothing makes it again. */
async function fetchStart(
  start: PayloadRef,
  claimed: ClaimedTask,
  { payloads }: PreparationParts,
  { signalOf }: Preparing,
): Promise<Uint8Array> {
  try {
    return await payloads.get(start, signalOf())
  } catch (cause) {
    if (!hasCode(cause, 'LF_PAYLOAD_LOST')) throw cause
    const { dag } = claimed.task
    const { message, facts } = cause as LightflowError
    throw new LightflowError('LF_PAYLOAD_LOST', `The data that ${dag} was started with is lost. ${message}`, {
      hint: 'Start data is not made again: bring back a peer that held it, with its files, or start a new run.',
      facts,
      cause,
    })
  }
}

function contextOf(claimed: ClaimedTask, { peer, scratchOf }: PreparationParts): JobContext {
  const { run, task } = claimed
  return {
    taskName: task.name,
    dagName: task.dag,
    workflowName: run.workflow,
    runId: run.id,
    peerName: peer.name,
    peerHost: peer.host,
    attempt: task.attempts,
    epoch: task.epoch,
    scratch: scratchOf(claimed),
  }
}

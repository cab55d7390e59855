/**
 * The input of a claimed task cannot be had from anybody any more: the task that made it runs again if its effect class allows, and the
 * consumer waits for it. Inputs are told apart by the epoch of the attempt that made them, not by their hash: the same bytes made
 * again on another peer are another input.
 */
import type { ErrorRecord } from '../core/errors.ts'
import { endAttempt } from './attempt-history.ts'
import { MAX_REMAKE_DEPTH, MAX_REMAKES_PER_TASK } from './lease-limits.ts'
import type { AwaitedInput, TaskRecord } from './records.ts'
import { releaseTask } from './release-task.ts'

export interface InputLoss {
  inputs: readonly AwaitedInput[]
  /** Which payloads, and who held them. */
  error: ErrorRecord
}

export interface LossVerdict {
  /** The consumer, as it is now. */
  task: TaskRecord
  /** Producers that are to run again. */
  remade: TaskRecord[]
}

/** `producerOf` finds predecessors by name. */
export function loseInputs(
  task: TaskRecord,
  { inputs, error }: InputLoss,
  producerOf: (name: string) => TaskRecord | undefined,
  { now, stopping }: { now: number; stopping: boolean },
): LossVerdict {
  const given = { reason: error.message, notBefore: null, uncounted: true }
  const released = releaseTask(task, given, { now, stopping })
  if (stopping) return { task: released, remade: [] }
  const remade: TaskRecord[] = []
  const awaits: AwaitedInput[] = []
  for (const input of inputs) {
    const producer = producerOf(input.task)
    if (producer !== undefined && isRenewed(producer, input)) continue
    awaits.push(input)
    if (producer !== undefined && isBeingMade(producer)) continue
    const refusal = refusalToRemake(producer, input, task)
    if (refusal !== null) return { task: failed(task, { error, refusal, now }), remade: [] }
    if (producer !== undefined) remade.push(remake(producer, task, now))
  }
  return { task: awaits.length === 0 ? released : awaiting(released, awaits), remade }
}

/** The producer, to run again for this consumer; undefined when it does so already, or must not. */
export function remadeFor(
  producer: TaskRecord,
  input: AwaitedInput,
  consumer: TaskRecord,
  now: number,
): TaskRecord | undefined {
  return refusalToRemake(producer, input, consumer) === null ? remake(producer, consumer, now) : undefined
}

/** It was made again since. */
export function isRenewed(producer: TaskRecord, { epoch }: AwaitedInput): boolean {
  return hasEnded(producer) && producer.epoch > epoch
}

/** What a ready task must wait for: inputs that are just being made again. */
export function inputsInTheMaking(inputs: readonly Pick<TaskRecord, 'name' | 'state' | 'epoch'>[]): AwaitedInput[] {
  // An attempt that is under way ends with the epoch that it has now.
  return inputs.flatMap(input => (isBeingMade(input) ? [{ task: input.name, epoch: input.epoch - 1 }] : []))
}

/** A task that waits for inputs that are made again. Its predecessors have voted: their votes stay. */
export function awaiting(task: TaskRecord, awaits: readonly AwaitedInput[]): TaskRecord {
  return { ...task, state: 'blocked', awaits: [...awaits] }
}

/** All that it waited for is there again. */
export function endAwaiting(task: TaskRecord): TaskRecord {
  const ready: TaskRecord = { ...task, state: 'ready' }
  delete ready.awaits
  return ready
}

/** The producer runs again, with all its retries; what it left stays known until it leaves something new. */
function remake(producer: TaskRecord, { remade }: TaskRecord, now: number): TaskRecord {
  const again: TaskRecord = {
    ...producer,
    state: 'ready',
    epoch: producer.epoch + 1,
    claimId: null,
    owner: null,
    failures: 0,
    notBefore: null,
    readyAt: now,
    endedAt: null,
    error: null,
    remade: { times: (producer.remade?.times ?? 0) + 1, depth: (remade?.depth ?? 0) + 1 },
  }
  delete again.reused
  // Of a stop before: what it is told now counts.
  delete again.skipSuccessors
  return again
}

function hasEnded({ state }: Pick<TaskRecord, 'state'>): boolean {
  return state === 'done' || state === 'stopped'
}

function isBeingMade({ state }: Pick<TaskRecord, 'state'>): boolean {
  return state === 'blocked' || state === 'ready' || state === 'claimed' || state === 'lost'
}

/** Why the producer does not run again, as the end of a sentence; null when it does. */
function refusalToRemake(
  producer: TaskRecord | undefined,
  { epoch }: AwaitedInput,
  { remade }: TaskRecord,
): string | null {
  if (producer === undefined) return 'what made it is not known'
  const { name, effect, state, history } = producer
  const maker = `task "${name}", which made it on peer "${history.at(-1)?.peer ?? '?'}",`
  if (!hasEnded(producer) || producer.epoch !== epoch) return `${maker} is ${state}`
  if (effect === 'exclusive') return `${maker} is exclusive and must not run twice`
  if ((producer.remade?.times ?? 0) >= MAX_REMAKES_PER_TASK)
    return `${maker} has run ${MAX_REMAKES_PER_TASK + 1} times for it already`
  if ((remade?.depth ?? 0) >= MAX_REMAKE_DEPTH)
    return `${MAX_REMAKE_DEPTH} tasks in a row have to run again for it already`
  return null
}

/** Its retries do not help: the next attempt would find the same. */
function failed(
  task: TaskRecord,
  { error: lost, refusal, now }: { error: ErrorRecord; refusal: string; now: number },
): TaskRecord {
  const error = {
    ...lost,
    message: `${lost.message} It is not made again: ${refusal}.`,
    hint: 'Bring back a peer that held it, with its files, and start a new run. `replicas` of a task keeps its output on several peers.',
  }
  const history = endAttempt(task.history, { end: 'failed', endedAt: now, error })
  return { ...task, state: 'failed', owner: null, endedAt: now, failures: task.failures + 1, error, history }
}

/** How the callbacks of an attempt ended, before anything is encoded. Pure. */
import { isLightflowError, toErrorRecord, undefinedName } from '../core/errors.ts'
import type { ErrorRecord } from '../core/errors.ts'
import { isAction } from '../workflow/action.ts'
import { isOfKind } from '../workflow/brand.ts'
import { describeValue } from '../workflow/describe-value.ts'
import { didYouMean } from '../workflow/did-you-mean.ts'
import type { MultiTaskData } from '../workflow/multi-task-data.ts'
import type { StopTask } from '../workflow/signals.ts'

export type AttemptEnding =
  | { status: 'success'; data: MultiTaskData; limit: string[] | null }
  | { status: 'stopped'; data: MultiTaskData; skipSuccessors: boolean; error: ErrorRecord }
  /** `handsOver`: the task is given back to be begun anew. */
  | { status: 'aborted'; error: ErrorRecord; handsOver?: boolean }
  | { status: 'error'; error: ErrorRecord }

/** What no task may return is an error, `LF_TASK_RETURN`; so is a limit to tasks that do not follow, `LF_TASK_LIMIT`. */
export function endingOfReturn(
  task: string,
  returned: unknown,
  data: MultiTaskData,
  successors?: readonly string[],
): AttemptEnding {
  if (returned === undefined || returned === null) return { status: 'success', data, limit: null }
  if (!isAction(returned)) {
    return errorEnding('LF_TASK_RETURN', `The task "${task}" returned ${describeValue(returned)}.`, RETURN_HINT)
  }
  const limit = returned.limit === null ? null : [...returned.limit]
  const stranger = successors === undefined ? undefined : limit?.find(name => !successors.includes(name))
  if (stranger !== undefined) {
    const hint = `A limit names direct successors. ${didYouMean(stranger, successors ?? [])}`
    return errorEnding('LF_TASK_LIMIT', `The task "${task}" limits to "${stranger}", which does not follow it.`, hint)
  }
  return { status: 'success', data: returned.data, limit }
}

const RETURN_HINT = "Return nothing or an Action. Results go into the data: data.set('name', value)."

function errorEnding(code: string, message: string, hint: string): AttemptEnding {
  return { status: 'error', error: { code, message, hint } }
}

/** Of anything that user code can throw; never throws itself. */
export function endingOfThrow(thrown: unknown, data: MultiTaskData, abort: AbortSignal): AttemptEnding {
  if (isStopTask(thrown)) {
    const { code, message, skipSuccessors } = thrown
    return { status: 'stopped', data, skipSuccessors, error: shortened({ code, message }) }
  }
  if (isThrownOfKind(thrown, 'abort-workflow')) {
    const { code, message } = thrown as { code: string; message: string }
    return { status: 'aborted', error: shortened({ code, message }) }
  }
  if (isThrownOfKind(thrown, 'hand-over') && !abort.aborted) {
    const { code, message } = thrown as { code: string; message: string }
    return { status: 'aborted', error: shortened({ code, message }), handsOver: true }
  }
  // The attempt was told to end: what its code threw on the way out says less than why.
  if (abort.aborted) return { status: 'aborted', error: readThrown(abort.reason, 'LF_ATTEMPT_ABORTED') }
  return { status: 'error', error: readUserError(thrown) }
}

/** The ending when `callbackFinally` itself threw: it spoils a success or a stop, and is only mentioned beside a worse ending. */
export function endingAfterFinally(before: AttemptEnding, thrown: AttemptEnding): AttemptEnding {
  if (before.status === 'success' || before.status === 'stopped') return thrown
  if (thrown.status === 'success') return before
  const message = `${before.error.message} (then callbackFinally failed: ${thrown.error.message})`
  return { ...before, error: shortened({ ...before.error, message }) }
}

function isStopTask(thrown: unknown): thrown is StopTask {
  return isThrownOfKind(thrown, 'stop-task')
}

function isThrownOfKind(thrown: unknown, kind: 'stop-task' | 'abort-workflow' | 'hand-over'): boolean {
  try {
    return isOfKind(thrown, kind)
  } catch {
    return false
  }
}

/** Longer texts of user code are cut: the ledger and every status page carry them. */
const MAX_ERROR_TEXT_LENGTH = 16 * 1024

/** Anything that can be thrown as plain data of bounded size; never throws. */
export function readThrown(thrown: unknown, fallbackCode = 'LF_UNEXPECTED'): ErrorRecord {
  try {
    return shortened(toErrorRecord(thrown, fallbackCode))
  } catch {
    return { code: fallbackCode, message: 'something was thrown that cannot be read' }
  }
}

/** The same, with the place in user code also when the error is one of ours, and with what helps in the commonest cases. */
function readUserError(thrown: unknown): ErrorRecord {
  const record = explain(thrown, readThrown(thrown, 'LF_TASK_FAILED'))
  const hasHiddenStack = record.stack === undefined && isLightflowError(thrown) && thrown.stack !== undefined
  return hasHiddenStack ? shortened({ ...record, stack: thrown.stack }) : record
}

/** A text that was thrown knows no line; what V8 says of a forgotten import is meant for programmers. */
function explain(thrown: unknown, record: ErrorRecord): ErrorRecord {
  if (typeof thrown === 'string') {
    const example = thrown.length <= MAX_EXAMPLE_LENGTH ? JSON.stringify(thrown) : '…'
    const hint = `Throw an error instead, which also tells the line: throw new Error(${example}).`
    return { ...record, message: `The text "${record.message}" was thrown.`, hint }
  }
  const name = undefinedName(thrown)
  if (name === undefined) return record
  const hint = 'Import it at the top of the workflow file, or correct its spelling.'
  return { ...record, message: `The task uses ${name}, which is neither defined nor imported.`, hint }
}

const MAX_EXAMPLE_LENGTH = 60

function shortened(record: ErrorRecord): ErrorRecord {
  const { message, stack } = record
  return { ...record, message: shorten(message), ...(stack === undefined ? {} : { stack: shorten(stack) }) }
}

function shorten(text: string): string {
  return text.length <= MAX_ERROR_TEXT_LENGTH ? text : `${text.slice(0, MAX_ERROR_TEXT_LENGTH)}…`
}

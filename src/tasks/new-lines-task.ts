import { systemClock } from '../core/clock.ts'
import type { TaskCall, TaskTools } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParametersOf } from '../workflow/task-parameters.ts'
import { aPath } from './files/file-checks.ts'
import { FileTask, needCallback, readCallback } from './files/file-task.ts'
import { BatchBook } from './triggers/batch-book.ts'
import { LineSource } from './triggers/line-source.ts'
import { runTrigger } from './triggers/run-trigger.ts'
import {
  aCountOrNull,
  type StopCall,
  TRIGGER_CHECKS,
  TRIGGER_DEFAULTS,
  type TriggerParameters,
} from './triggers/trigger-options.ts'

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface NewLinesParameters extends TriggerParameters {
  /** File to follow. It may come later; its folder has to exist. */
  path: string
  /** Ends after so many lines. Default null: never. */
  maxLines: number | null
}

export interface NewLinesCall extends TaskCall {
  /** Without their line breaks, in their order. */
  readonly lines: readonly string[]
  /** Counted from 1. The same one comes again when the peer died in the middle of it. */
  readonly batch: number
}

export type NewLinesTaskOptions = TaskOptions &
  Partial<ParametersOf<NewLinesParameters>> &
  Pick<ParametersOf<NewLinesParameters>, 'path'> & {
    /**
     * Called with each batch, one after the other. A copy of a DAG that it starts is started once, also when the batch comes again after the death
     * of a peer, as long as it starts them in the same order.
     */
    callback: (call: NewLinesCall) => void | Promise<void>
    /** Asked before each look: true ends the trigger, once all that is there is handed over. */
    stopWhen?: ((call: StopCall) => boolean | Promise<boolean>) | null
  }

/** A last line without a line break counts as complete when it stood still for so long. */
const QUIET_MS = 1000
/** When the trigger ends, its last line is waited for no longer. */
const END_WITHIN_MS = 5000

/**
 * Follows a file that grows, such as a log, and calls a function with its new lines. It runs until its DAG is stopped or one of its own conditions
 * ends it. A file that is rotated is read to its end before the next one; one that is cut or written anew is read from its beginning, and
 * the task's log tells of it. When its peer dies or is to leave, another peer goes on with it.
 *
 * @example
 * const follow = new NewLinesTask('follow', {
 *   path: '/data/scatterbrain/livelogfile.json',
 *   callback: ({ lines, signal }) => signal.startDag('reduce', { frame: JSON.parse(lines[0]) }),
 * })
 */
export class NewLinesTask extends FileTask<NewLinesParameters> {
  override readonly kind = 'new-lines'
  readonly #callback: (call: NewLinesCall) => unknown
  readonly #stopWhen: ((call: StopCall) => boolean | Promise<boolean>) | null

  constructor(name: string, options: NewLinesTaskOptions) {
    super(
      name,
      { maxDeaths: null, ...options },
      {
        checks: { ...TRIGGER_CHECKS, path: aPath, maxLines: aCountOrNull },
        defaults: { ...TRIGGER_DEFAULTS, maxLines: null },
        callbacks: ['callback', 'stopWhen'],
      },
    )
    this.#callback = needCallback(
      this.name,
      options.callback,
      "It is called with new lines: callback: ({ lines, signal }) => signal.startDag('reduce', { lines }).",
    )
    this.#stopWhen = readCallback(this.name, 'stopWhen', options.stopWhen)
  }

  protected async work(values: NewLinesParameters, call: TaskCall, log: TaskTools): Promise<void> {
    const { path, pollMs, useExisting, flushExisting, aggregate, maxLines, stopAfterIdleMs } = values
    const stopWhen = this.#stopWhen
    const rules = { task: this.name, path, pollMs, useExisting, flushExisting, quietMs: QUIET_MS }
    await runTrigger({
      task: this.name,
      source: new LineSource(rules, { clock: systemClock, log }),
      book: new BatchBook<string>(call.context, log.notes),
      call,
      log,
      clock: systemClock,
      rules: {
        aggregate,
        maxItems: maxLines,
        stopAfterIdleMs,
        stopWhen: stopWhen === null ? null : handed => stopWhen({ ...call, handed }),
        endWithinMs: END_WITHIN_MS,
      },
      deliver: (lines, batch, batchCall) => this.#callback({ ...batchCall, lines, batch }),
    })
  }
}

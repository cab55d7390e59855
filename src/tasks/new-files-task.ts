import { systemClock } from '../core/clock.ts'
import type { TaskCall, TaskTools } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParameterCheck, ParametersOf } from '../workflow/task-parameters.ts'
import { aPath, boolean, listOf, maybePatterns, somePatterns } from './files/file-checks.ts'
import { FileTask, needCallback, readCallback } from './files/file-task.ts'
import { effectivePatterns } from './files/patterns.ts'
import { BatchBook } from './triggers/batch-book.ts'
import { FileSource } from './triggers/file-source.ts'
import { runTrigger } from './triggers/run-trigger.ts'
import {
  aCountOrNull,
  type StopCall,
  TRIGGER_CHECKS,
  TRIGGER_DEFAULTS,
  type TriggerParameters,
} from './triggers/trigger-options.ts'

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface NewFilesParameters extends TriggerParameters {
  /** Folder to watch. It has to exist. */
  path: string
  /** Which files: `*.tif`, or a list of such. Default `*`. Names that begin with a dot count only where a pattern does. */
  pattern: string | readonly string[]
  /** Names or paths to leave out, or a regular expression for the path below the folder. Default null. */
  exclude: string | readonly string[] | RegExp | null
  /** Watches the folders below, too. Default true. */
  recursive: boolean
  /** A file that is written anew is not handed over a second time. Default false: it is. */
  skipDuplicate: boolean
  /** Empty files count, too. Default false: they wait until something is in them. */
  allowEmpty: boolean
  /** A file is complete when its size and time have stood still for so long, in milliseconds. Default 1000. */
  settleMs: number
  /** Ends after so many files. Default null: never. */
  maxFiles: number | null
}

export interface NewFilesCall extends TaskCall {
  /** Absolute paths, by time, then by name. */
  readonly files: readonly string[]
  /** Counted from 1. The same one comes again when the peer died in the middle of it. */
  readonly batch: number
}

export type NewFilesTaskOptions = TaskOptions &
  Partial<ParametersOf<NewFilesParameters>> &
  Pick<ParametersOf<NewFilesParameters>, 'path'> & {
    /**
     * Called with each batch, one after the other. A copy of a DAG that it starts is started once, also when the batch comes again after the death
     * of a peer, as long as it starts them in the same order.
     */
    callback: (call: NewFilesCall) => void | Promise<void>
    /** Asked before each look: true ends the trigger, once all that is there is handed over. */
    stopWhen?: ((call: StopCall) => boolean | Promise<boolean>) | null
  }

const FILES_CHECKS = {
  path: aPath,
  pattern: somePatterns,
  exclude: [
    "a pattern like '*.tmp', a list of them, a regular expression, or null",
    value => value instanceof RegExp || maybePatterns[1](value),
  ] satisfies ParameterCheck,
  recursive: boolean,
  skipDuplicate: boolean,
  allowEmpty: boolean,
  settleMs: ['a number of milliseconds', isDuration] satisfies ParameterCheck,
  maxFiles: aCountOrNull,
}

/** When it ends, what is still being written is waited for at most this many settle times. */
const END_SETTLE_TIMES = 10

/**
 * Watches a folder, on a local disk or a network share, and calls a function with the files that appear in it, complete and in order. It runs
 * until its DAG is stopped or one of its own conditions ends it. When its peer dies or is to leave, another peer goes on with it: no file
 * is missed, and none comes twice but in a batch that was cut off.
 *
 * @example
 * const watch = new NewFilesTask('watch', {
 *   path: '/data/detector',
 *   pattern: '*.cbf',
 *   aggregate: 5,
 *   callback: ({ files, signal }) => signal.startDag('reduce', { files }),
 * })
 */
export class NewFilesTask extends FileTask<NewFilesParameters> {
  override readonly kind = 'new-files'
  readonly #callback: (call: NewFilesCall) => unknown
  readonly #stopWhen: ((call: StopCall) => boolean | Promise<boolean>) | null

  constructor(name: string, options: NewFilesTaskOptions) {
    super(
      name,
      { maxDeaths: null, ...options },
      {
        checks: { ...TRIGGER_CHECKS, ...FILES_CHECKS },
        defaults: {
          ...TRIGGER_DEFAULTS,
          pattern: '*',
          exclude: null,
          recursive: true,
          skipDuplicate: false,
          allowEmpty: false,
          settleMs: 1000,
          maxFiles: null,
        },
        callbacks: ['callback', 'stopWhen'],
      },
    )
    this.#callback = needCallback(
      this.name,
      options.callback,
      "It is called with new files: callback: ({ files, signal }) => signal.startDag('reduce', { files }).",
    )
    this.#stopWhen = readCallback(this.name, 'stopWhen', options.stopWhen)
  }

  protected async work(values: NewFilesParameters, call: TaskCall, log: TaskTools): Promise<void> {
    const book = new BatchBook<string>(call.context, log.notes)
    const { aggregate, settleMs, pollMs, stopAfterIdleMs, maxFiles } = values
    const stopWhen = this.#stopWhen
    await runTrigger({
      task: this.name,
      source: new FileSource(this.#sourceRules(values), { clock: systemClock, log, pages: book }),
      book,
      call,
      log,
      clock: systemClock,
      rules: {
        aggregate,
        maxItems: maxFiles,
        stopAfterIdleMs,
        stopWhen: stopWhen === null ? null : handed => stopWhen({ ...call, handed }),
        endWithinMs: END_SETTLE_TIMES * Math.max(settleMs, pollMs),
      },
      deliver: (files, batch, batchCall) => this.#callback({ ...batchCall, files, batch }),
    })
  }

  #sourceRules(values: NewFilesParameters): ConstructorParameters<typeof FileSource>[0] {
    const { path, pattern, exclude, recursive, skipDuplicate, allowEmpty, settleMs, pollMs } = values
    const { useExisting, flushExisting } = values
    return {
      task: this.name,
      root: path,
      patterns: effectivePatterns(listOf(pattern), recursive),
      exclude: exclude instanceof RegExp ? withoutMemory(exclude) : listOf(exclude),
      looksAgain: !skipDuplicate,
      ignoreRewritten: skipDuplicate,
      allowEmpty,
      settleMs,
      pollMs,
      useExisting,
      flushExisting,
    }
  }
}

function isDuration(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value)
}

/** One that remembers where it was (flags g and y) would leave files out. */
function withoutMemory({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''))
}

import { LightflowError } from '../core/errors.ts'
import { checkName } from '../../protocols/ids.ts'
import { describeValue } from './describe-value.ts'
import { didYouMean } from './did-you-mean.ts'
import { checkAmounts, type Amounts } from './needs.ts'
import { DEFAULT_MAX_DEATHS, type Effect } from './plan.ts'
import type { FinallyCallback, InitCallback } from './task-call.ts'

/** What every kind of task takes. */
export interface TaskOptions {
  /** Only peers that serve this queue run the task. Default: the queue of its DAG, else `task`. */
  queue?: string
  /** Only peers that have so much of each free run it (`lf node --resource gpu=2`). Default: nothing. */
  needs?: Amounts
  /** What may happen when the peer that runs it dies: default `idempotent`, it is run again after a delay. */
  effect?: Effect
  /** Higher goes first. Default 0. */
  priority?: number
  /** How often a failed attempt is repeated. Default 0. */
  retries?: number
  /** Wait before the first repetition, in milliseconds; doubles each time. Default 1000. */
  backoffMs?: number
  /** Longest time that one attempt may take, in milliseconds. Default null: no limit. */
  timeoutMs?: number | null
  /**
   * After how many deaths of peers that ran it the task is given up, since it may be what kills them: default 3. Null = never, for tasks that
   * run so long that peers die for other reasons.
   */
  maxDeaths?: number | null
  /**
   * Peers with folders of their own that hold what the task leaves before it counts as done: default 1, the one that ran it. With fewer peers
   * at hand it is done all the same. What travels in the ledger (up to 32 KiB) needs no copies.
   */
  replicas?: number
  /** Runs even when every predecessor was skipped or left it out. Default false. */
  forceRun?: boolean
  /** When skipped: pass the skip on to the successors (default true), or let them run. */
  propagateSkip?: boolean
  /** Called just before the body; may throw what the body may throw. */
  callbackInit?: InitCallback | null
  /** Called with the `status` once the task has ended, however it ended. */
  callbackFinally?: FinallyCallback | null
}

/** With every default filled in. */
export type CheckedTaskOptions = Readonly<Required<Omit<TaskOptions, 'queue'>>> & { readonly queue: string | null }

/** Node's timers reach no further: longer ones would fire at once. About 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** A task that fails this often does not get better. */
const MAX_RETRIES = 1000

/** More copies only fill disks. */
const MAX_REPLICAS = 16

const DEFAULTS = {
  queue: null,
  needs: {},
  effect: 'idempotent',
  priority: 0,
  retries: 0,
  backoffMs: 1000,
  timeoutMs: null,
  maxDeaths: DEFAULT_MAX_DEATHS,
  replicas: 1,
  forceRun: false,
  propagateSkip: true,
  callbackInit: null,
  callbackFinally: null,
} as const satisfies CheckedTaskOptions

type Check = [expected: string, isRight: (value: unknown) => boolean]

const boolean: Check = ['true or false', value => typeof value === 'boolean']
const callback: Check = ['a function', value => value === null || typeof value === 'function']

const CHECKS: Record<keyof typeof DEFAULTS, Check> = {
  queue: ['the name of a queue', value => value === null || typeof value === 'string'],
  needs: ['an object of whole numbers', value => typeof value === 'object' && value !== null],
  effect: [
    "'pure', 'idempotent' or 'exclusive'",
    value => ['pure', 'idempotent', 'exclusive'].includes(value as string),
  ],
  priority: ['a whole number', value => Number.isSafeInteger(value)],
  retries: [
    `a whole number from 0 to ${MAX_RETRIES}`,
    value => isWithin(value, 0, MAX_RETRIES) && Number.isInteger(value),
  ],
  backoffMs: ['a number of milliseconds, at least 0', value => isWithin(value, 0, MAX_TIMER_MS)],
  timeoutMs: ['a number of milliseconds, at least 1', value => value === null || isWithin(value, 1, MAX_TIMER_MS)],
  maxDeaths: [
    `a whole number from 1 to ${MAX_RETRIES}, or null`,
    value => value === null || (isWithin(value, 1, MAX_RETRIES) && Number.isInteger(value)),
  ],
  replicas: [
    `a whole number from 1 to ${MAX_REPLICAS}`,
    value => isWithin(value, 1, MAX_REPLICAS) && Number.isInteger(value),
  ],
  forceRun: boolean,
  propagateSkip: boolean,
  callbackInit: callback,
  callbackFinally: callback,
}

/**
 * Options with their defaults. Throws `LF_TASK_OPTIONS` for unknown options and for values of a wrong kind. Tasks with the same options as the
 * task made before share one object: of a large DAG, every thread that runs some of its tasks makes all of them.
 */
export function readTaskOptions(task: string, given: TaskOptions, ownOptions: readonly string[]): CheckedTaskOptions {
  if (typeof given !== 'object' || given === null) {
    throw wrong(task, `needs its options as an object, but got ${describeValue(given)}`)
  }
  const names = Object.keys(given)
  if (names.length === 0) return NO_OPTIONS
  refuseUnknown(task, names, ownOptions)
  const options: Record<string, unknown> = { ...NO_OPTIONS }
  for (const name of OPTION_NAMES) {
    const value = given[name]
    if (value === undefined) continue
    const [expected, isRight] = CHECKS[name]
    if (!isRight(value)) throw wrong(task, `needs ${expected} as "${name}", but got ${describeValue(value)}`)
    options[name] = value
  }
  if (options.queue !== null) checkName('queue', options.queue)
  if (given.needs !== undefined) options.needs = checkAmounts(`The task "${task}" needs`, options.needs)
  const checked = options as CheckedTaskOptions
  if (!OPTION_NAMES.every(name => isSame(last[name], checked[name]))) last = Object.freeze(checked)
  return last
}

const OPTION_NAMES = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]
const NO_OPTIONS: CheckedTaskOptions = Object.freeze({ ...DEFAULTS, needs: Object.freeze({}) })
let last = NO_OPTIONS

/** Also of needs, which are one level deep; in whatever order, another object is made then. */
function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return Object.is(one, other)
  return JSON.stringify(one) === JSON.stringify(other)
}

function refuseUnknown(task: string, names: readonly string[], own: readonly string[]): void {
  for (const name of names) {
    if (Object.hasOwn(CHECKS, name) || own.includes(name)) continue
    throw wrong(task, `has no option "${name}"`, didYouMean(name, [...OPTION_NAMES, ...own]))
  }
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most
}

function wrong(task: string, what: string, hint = ''): LightflowError {
  return new LightflowError('LF_TASK_OPTIONS', `The task "${task}" ${what}.`, { hint })
}

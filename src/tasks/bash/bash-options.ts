/** What a BashTask takes, checked where it is written. */
import { LightflowError } from '../../core/errors.ts'
import { describeValue } from '../../workflow/describe-value.ts'
import type { TaskCall, TaskReturn } from '../../workflow/task-call.ts'
import type { TaskOptions } from '../../workflow/task-options.ts'
import type { Parameter, ParameterCheck, ParametersOf } from '../../workflow/task-parameters.ts'
import type { CapturedOutput } from './captured-output.ts'

export interface ProcessCall extends TaskCall {
  /** Of the shell; also the number of its process group. */
  readonly pid: number
}

export interface LineCall extends TaskCall {
  /** Without its line break. One of more than a million characters comes in pieces. */
  readonly line: string
}

export interface EndCall extends TaskCall {
  /** Null when a signal ended the command. */
  readonly exitCode: number | null
  readonly exitSignal: NodeJS.Signals | null
  /** Null when it was not captured. */
  readonly stdout: CapturedOutput | null
  readonly stderr: CapturedOutput | null
}

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface BashParameters {
  /** Folder in which the command runs. Default null: the one in which the peer was started. */
  cwd: string | null
  /** Variables for the command; null takes one away. */
  env: Readonly<Record<string, string | number | null>>
  /** Adds `env` to the peer's environment (default; without `LF_LEDGER`), or gives the command nothing else. */
  extendEnv: boolean
  /** Name or number. Without `group`, the user's own group goes with it. */
  user: string | number | null
  group: string | number | null
  /** What the command can read from its standard input. Default null: nothing. */
  stdin: string | Uint8Array | null
  /** Keeps the whole stream in a file for `callbackEnd`. */
  captureStdout: boolean
  captureStderr: boolean
  /** A command that does not end with 0 fails the task (default). */
  check: boolean
  /** What runs the command: `SHELL -c COMMAND`. Default `bash`. */
  shell: string
  /** From SIGTERM to SIGKILL when the task is stopped, in milliseconds. Default 5000. */
  graceMs: number
}

export interface BashCallbacks {
  /** Called once the command runs. */
  callbackProcess: ((call: ProcessCall) => void | Promise<void>) | null
  /** Called for each line, one after the other; the command waits when they take long. */
  callbackStdout: ((call: LineCall) => void | Promise<void>) | null
  callbackStderr: ((call: LineCall) => void | Promise<void>) | null
  /** Called when the command has ended, whatever its exit code; may return an Action. */
  callbackEnd: ((call: EndCall) => TaskReturn) | null
}

export type BashTaskOptions = TaskOptions & Partial<ParametersOf<BashParameters>> & Partial<BashCallbacks>

export type Command = Parameter<string>

const PARAMETER_DEFAULTS: BashParameters = {
  cwd: null,
  env: {},
  extendEnv: true,
  user: null,
  group: null,
  stdin: null,
  captureStdout: false,
  captureStderr: false,
  check: true,
  shell: 'bash',
  graceMs: 5000,
}

const CALLBACK_DEFAULTS: BashCallbacks = {
  callbackProcess: null,
  callbackStdout: null,
  callbackStderr: null,
  callbackEnd: null,
}

/** What a BashTask takes besides what every task takes. */
export const BASH_OPTIONS: readonly string[] = [...Object.keys(PARAMETER_DEFAULTS), ...Object.keys(CALLBACK_DEFAULTS)]

/** Node's timers reach no further. */
const MAX_GRACE_MS = 2 ** 31 - 1

const boolean: ParameterCheck = ['true or false', value => typeof value === 'boolean']
const account: ParameterCheck = [
  'a name or a number',
  value => value === null || (typeof value === 'string' && value !== '') || isWhole(value),
]

export const BASH_CHECKS: { readonly [Name in keyof BashParameters | 'command']: ParameterCheck } = {
  command: ['a command', value => typeof value === 'string' && value.trim() !== '' && !value.includes('\0')],
  cwd: ['a path', value => value === null || (typeof value === 'string' && value !== '' && !value.includes('\0'))],
  env: ['an object of texts', isEnvironment],
  extendEnv: boolean,
  user: account,
  group: account,
  stdin: ['a text or bytes', value => value === null || typeof value === 'string' || value instanceof Uint8Array],
  captureStdout: boolean,
  captureStderr: boolean,
  check: boolean,
  shell: ['the name of a shell', value => typeof value === 'string' && value !== ''],
  graceMs: ['a number of milliseconds', value => typeof value === 'number' && value >= 0 && value <= MAX_GRACE_MS],
}

/** With the defaults for what is not given. */
export function readBashParameters(given: BashTaskOptions): ParametersOf<BashParameters> {
  return { ...PARAMETER_DEFAULTS, ...givenOf(given, PARAMETER_DEFAULTS) }
}

/** Throws `LF_TASK_OPTIONS` for what cannot be called. */
export function readBashCallbacks(task: string, given: BashTaskOptions): BashCallbacks {
  const callbacks = { ...CALLBACK_DEFAULTS, ...givenOf(given, CALLBACK_DEFAULTS) }
  for (const [name, callback] of Object.entries(callbacks) as [string, unknown][]) {
    if (callback === null || typeof callback === 'function') continue
    const message = `The task "${task}" needs a function as "${name}", but got ${describeValue(callback)}.`
    throw new LightflowError('LF_TASK_OPTIONS', message)
  }
  return callbacks
}

function givenOf(given: BashTaskOptions, known: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== undefined && name in known))
}

function isEnvironment(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(([name, one]: [string, unknown]) => isVariable(name) && isVariableValue(one))
}

function isVariable(name: string): boolean {
  return name !== '' && !/[=\0]/.test(name)
}

function isVariableValue(value: unknown): boolean {
  return value === null || Number.isFinite(value) || (typeof value === 'string' && !value.includes('\0'))
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/**
 * Ids: made, checked and taken apart in this one place. A task's id names its place, `run/dag:n/task`, so that people can read it;
 * names therefore may not contain `/` or `:`.
 */
import { LightflowError } from '../src/core/errors.ts'
import type { Random } from '../src/core/random.ts'
import { MAX_NAME_LENGTH } from './limits.ts'

/** No vowels and no look-alikes: an id is read aloud across a hutch. */
const ALPHABET = '23456789bcdfghjkmnpqrstvwxz'
const RUN_SUFFIX_LENGTH = 7

/** `workflow-xxxxxxx`; the ledger refuses the rare repetition, the submitter then makes another. */
export function makeRunId(workflow: string, random: Random): string {
  const suffix = Array.from({ length: RUN_SUFFIX_LENGTH }, () => ALPHABET[Math.floor(random.float() * ALPHABET.length)])
  return `${workflow}-${suffix.join('')}`
}

export function makeClaimId(random: Random): string {
  return random.hex(16)
}

export function makeSessionId(random: Random): string {
  return random.hex(16)
}

export function dagCopyName(blueprint: string, count: number): string {
  return `${blueprint}:${count}`
}

export function taskId(run: string, dag: string, task: string): string {
  return `${run}/${dag}/${task}`
}

/** Undefined when the text is not a task id. */
export function parseTaskId(id: string): { run: string; dag: string; task: string } | undefined {
  const [run, dag, task, ...rest] = id.split('/')
  if (run === undefined || dag === undefined || task === undefined || rest.length > 0) return undefined
  return { run, dag, task }
}

const NAME_PATTERN = /^[^\s/:\p{Cc}](?:[^/:\p{Cc}]*[^\s/:\p{Cc}])?$/u

/** Throws `LF_NAME` unless `name` can name a `what` (workflow, DAG, task, queue, slot, peer). */
export function checkName(what: string, name: unknown): string {
  if (typeof name === 'string' && isName(name)) return name
  const shown = typeof name === 'string' ? `"${name.slice(0, 60)}"` : shownValue(name)
  throw new LightflowError('LF_NAME', `${shown} cannot be the name of a ${what}.`, {
    hint: `Use 1 to ${MAX_NAME_LENGTH} characters (fewer if they are not plain letters) without "/", ":" or line breaks, not starting or ending with a blank.`,
  })
}

/** An object may not bear being turned into text. */
function shownValue(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'An object' : String(value)
}

/** Names become names of files, written as in an address: a letter that is not ASCII takes up to twelve characters there. */
function isName(name: string): boolean {
  if (!NAME_PATTERN.test(name) || name === '.' || name === '..' || !name.isWellFormed()) return false
  return encodeURIComponent(name).length <= MAX_NAME_LENGTH
}

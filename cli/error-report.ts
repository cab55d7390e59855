/** Whatever was thrown, as the command line tells it: a stable code, a sentence, what to do next, and the exit code. */
import type { Surface } from './render/colours.ts'
import { harmless, wrap } from './render/text.ts'

const MAX_PROSE_COLUMNS = 100

export const EXIT = { ok: 0, failure: 1, usage: 2, unknownCommand: 127, sigint: 130, sigterm: 143 } as const

export interface ErrorReport {
  code: string
  message: string
  hint: string
  exitCode: number
}

/** The command was typed wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'LF_USAGE'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** `command` as typed, e.g. `lf workflow show`: named in hints. */
export function errorReport(error: unknown, command: string): ErrorReport {
  const { code, message, hint, oclif, parse } = facts(error)
  // oclif ends with 2 what it could not parse.
  const unparsed = parse !== undefined || oclif?.exit === EXIT.usage
  if (unparsed || code === 'LF_USAGE') {
    const more = `Run \`${command} --help\` to see what it takes.`
    const sentence = unparsed ? parseSentence(String(message)) : harmless(String(message))
    return { code: 'LF_USAGE', message: sentence, hint: typeof hint === 'string' ? hint : more, exitCode: EXIT.usage }
  }
  const known = typeof code === 'string' && code !== ''
  return {
    code: known ? code : 'LF_UNEXPECTED',
    message: harmless(typeof message === 'string' && message !== '' ? message : String(error)),
    hint:
      typeof hint === 'string'
        ? hint
        : known
          ? ''
          : 'This was not foreseen. Run it again with LF_DEBUG=1 to see where it happened.',
    exitCode: typeof oclif?.exit === 'number' && oclif.exit !== 0 ? oclif.exit : EXIT.failure,
  }
}

/** For people: the sentence, its code (dim), and what to do. */
export function errorText({ code, message, hint }: ErrorReport, { palette, columns }: Surface): string {
  const prose = Math.min(columns, MAX_PROSE_COLUMNS)
  const [first = '', ...rest] = wrap(message, prose - 'Error: '.length).split('\n')
  return [
    `${palette.red(palette.bold('Error:'))} ${first}`,
    ...rest,
    ...(hint === '' ? [] : wrap(`What to do: ${harmless(hint)}`, prose).split('\n')),
    palette.dim(code),
  ].join('\n')
}

export function errorJson({ code, message, hint }: ErrorReport): {
  error: { code: string; message: string; hint: string }
} {
  return { error: { code, message, hint } }
}

/** oclif's parse errors are lists for the eye; what they say in one sentence. */
function parseSentence(message: string): string {
  const lines = harmless(message)
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('See more help'))
  const [first = '', ...rest] = lines
  const missing = /^Missing \d+ required args?:$/.test(first)
  if (missing) {
    const names = rest
      .filter(line => !/^(Note|Alternatively)/.test(line))
      .map(line => line.split(/\s+/)[0]!.toUpperCase())
    return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} missing.`
  }
  if (/^The following errors? occurred:$/.test(first))
    return rest.map(line => asSentence(line.replace(/=true\b/, ''))).join(' ')
  const unknown = /^Nonexistent flags?: (.*)$/.exec(first)
  if (unknown !== null) return `There is no flag ${unknown[1]}.`
  const unreadable = /^Parsing (--\S+)$/.exec(first)
  if (unreadable !== null) return asSentence(`${unreadable[1]}: ${rest.join(' ').replace(/^Expected/, 'expected')}`)
  return asSentence([first, ...rest].join(' '))
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

interface Facts {
  code?: unknown
  message?: unknown
  hint?: unknown
  oclif?: { exit?: unknown }
  parse?: unknown
}

function facts(error: unknown): Facts {
  return typeof error === 'object' && error !== null ? error : {}
}

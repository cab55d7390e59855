/** The log of `lf node`, one line an event: for people, as JSON, and with the priorities that journald reads. */
import { fstatSync } from 'node:fs'
import type { Writable } from 'node:stream'
import type { Log } from '../src/index.ts'
import { PLAIN, type Palette } from './render/colours.ts'
import { formatDuration } from './render/duration.ts'
import { plainData } from './render/plain-data.ts'
import { harmless } from './render/text.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Syslog priorities, as `sd-daemon(3)` defines the prefix. */
const PRIORITIES: Record<LogLevel, number> = { debug: 7, info: 6, warn: 4, error: 3 }
const COLOURS: Record<LogLevel, keyof Palette> = { debug: 'dim', info: 'cyan', warn: 'yellow', error: 'red' }
/** A fact is a remark, not a document. */
const MAX_FACT_LENGTH = 300

type Facts = Readonly<Record<string, unknown>>

export interface LogStyle {
  json: boolean
  /** journald adds the time and reads the priority from a `<6>` in front. */
  journal: boolean
  palette: Palette
}

export interface NodeLogOptions extends Partial<LogStyle> {
  level: LogLevel
  /** `soon`: the line may wait for the others of its moment. */
  write: (line: string, soon: boolean) => void
  now: () => number
}

/** What the operator asked for is always told, whatever the level. */
export interface NodeLog extends Log {
  tell(message: string, facts?: Facts): void
}

export function nodeLog({
  level,
  write,
  now,
  json = false,
  journal = false,
  palette = PLAIN,
}: NodeLogOptions): NodeLog {
  const from = LOG_LEVELS.indexOf(level)
  const style = { json, journal, palette }
  const put = (at: LogLevel, message: string, facts: Facts = {}, soon = false): void =>
    write(`${logLine(at, message, facts, now(), style)}\n`, soon)
  const when = (at: LogLevel) => (message: string, facts?: Facts) => {
    if (LOG_LEVELS.indexOf(at) >= from) put(at, message, facts, at === 'debug' || at === 'info')
  }
  return {
    debug: when('debug'),
    info: when('info'),
    warn: when('warn'),
    error: when('error'),
    tell: (message, facts) => put('info', message, facts),
  }
}

/** Without the line break. */
export function logLine(level: LogLevel, message: string, facts: Facts, now: number, style: LogStyle): string {
  const prefix = style.journal ? `<${PRIORITIES[level]}>` : ''
  return prefix + (style.json ? jsonLine(level, message, facts, now) : prettyLine(level, message, facts, now, style))
}

/** So long a line may wait for others: nobody who reads along notices it. */
const GATHER_MS = 20
/** When this much waits, it does not wait for more. */
const MAX_GATHERED_CHARS = 64 * 1024

/**
 * Lines of the same moment go out together: a peer with thousands of tasks a second would otherwise spend its time on writing one by one. What
 * is urgent goes out at once, with what waits before it, and nothing is lost when the process ends in order.
 */
export function lineWriter(out: Writable): NodeLogOptions['write'] {
  let timer: NodeJS.Timeout | undefined
  let gathered = ''
  const flush = (): void => {
    clearTimeout(timer)
    process.off('exit', flush)
    const lines = gathered
    gathered = ''
    out.write(lines)
  }
  return (line, soon) => {
    const isFirst = gathered === ''
    if (isFirst && !soon) return void out.write(line)
    gathered += line
    if (!soon || gathered.length > MAX_GATHERED_CHARS) return flush()
    if (!isFirst) return
    process.on('exit', flush)
    timer = setTimeout(flush, GATHER_MS)
  }
}

/** True when stderr goes to journald, as systemd tells its services. */
export function isJournal(env: Readonly<Record<string, string | undefined>>, descriptor = 2): boolean {
  const told = env['JOURNAL_STREAM']
  if (!told) return false
  try {
    const { dev, ino } = fstatSync(descriptor)
    return told === `${dev}:${ino}`
  } catch {
    return false
  }
}

function jsonLine(level: LogLevel, message: string, facts: Facts, now: number): string {
  const plain = Object.entries(facts).map(([key, value]) => [
    key,
    value instanceof Error ? errorFacts(value) : plainData(value),
  ])
  return JSON.stringify({ time: new Date(now).toISOString(), level, message, ...Object.fromEntries(plain) })
}

function prettyLine(
  level: LogLevel,
  message: string,
  facts: Facts,
  now: number,
  { journal, palette }: LogStyle,
): string {
  const head = journal ? '' : `${palette.dim(timeOfDay(now))} ${palette[COLOURS[level]](level.padEnd(5))} `
  const shown = shownFacts(facts)
  return `${head}${harmless(message)}${shown === '' ? '' : ` ${palette.dim(shown)}`}`
}

/** Without lists on the way: this is done for each task twice. */
function shownFacts(facts: Facts): string {
  let shown = ''
  for (const key of Object.keys(facts)) {
    const value = facts[key]
    if (value !== undefined) shown += `${shown === '' ? '' : ' '}${factPair(key, value)}`
  }
  return shown
}

const SECOND = 1000
let toldSecond = Number.NaN
let toldTime = ''

/** Worked out once for all lines of a second. */
function timeOfDay(now: number): string {
  const second = Math.floor(now / SECOND)
  if (second !== toldSecond) toldTime = new Date(now).toTimeString().slice(0, 8)
  toldSecond = second
  return toldTime
}

/** Milliseconds are for machines: `durationMs: 1240` reads `duration=1.2s`. */
function factPair(key: string, value: unknown): string {
  const isDuration = key.endsWith('Ms') && typeof value === 'number'
  return isDuration ? `${key.slice(0, -2)}=${formatDuration(value).replaceAll(' ', '')}` : `${key}=${factText(value)}`
}

/** Ids, names, states: most facts, in which there is nothing to look for. */
const PLAIN_FACT = /^[\w./:-]*$/

function factText(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string' && value.length <= MAX_FACT_LENGTH && PLAIN_FACT.test(value)) return value
  const text =
    typeof value === 'string' ? value : value instanceof Error ? value.message : JSON.stringify(plainData(value))
  const line = harmless(text ?? 'undefined').replaceAll('\n', ' ')
  const quoted = /[\s"]/.test(line) && typeof value !== 'object' ? JSON.stringify(line) : line
  return quoted.length > MAX_FACT_LENGTH ? `${quoted.slice(0, MAX_FACT_LENGTH - 1)}…` : quoted
}

function errorFacts(error: Error): Record<string, unknown> {
  const { code } = error as { code?: unknown }
  return { ...(typeof code === 'string' ? { code } : {}), message: error.message, stack: error.stack }
}

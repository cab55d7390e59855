/** What `lf doctor` found, for people. Pure: view in, text out. */
import type { CheckState, CheckView, DoctorProgress, DoctorView } from '../../src/index.ts'
import { dot, type Look, type Surface, symbolOf } from './colours.ts'
import { harmless, pad, truncate, widthOf, wrap } from './text.ts'

const LOOKS: Record<CheckState, Look> = {
  ok: { symbol: '✓', ascii: '+', colour: 'green', label: 'ok' },
  warning: { symbol: '!', ascii: '!', colour: 'yellow', label: 'warning' },
  failed: { symbol: '✗', ascii: 'x', colour: 'red', label: 'failed' },
}
const MAX_PROSE_COLUMNS = 100

export function doctorReport({ checks }: DoctorView, surface: Surface): string {
  const nameColumns = Math.max(...checks.map(({ name }) => widthOf(name)))
  return [...checks.flatMap(check => checkLines(check, nameColumns, surface)), '', foot(checks, surface)].join('\n')
}

/** `checking: ledger (tasks, 3 of 10 tables), multicast`, in one line. */
export function doctorProgress({ done, of, going }: DoctorProgress, surface: Surface): string {
  const names = going.map(({ name, doing }) => (doing === '' ? name : `${name} (${doing})`))
  const text = `  checking, ${done} of ${of} done: ${harmless(names.join(', '))}`
  return surface.palette.dim(truncate(text, surface.columns - 1, { ascii: !surface.unicode }))
}

function checkLines({ name, state, found, hint }: CheckView, nameColumns: number, surface: Surface): string[] {
  const { palette } = surface
  const indent = nameColumns + 6
  const columns = Math.min(surface.columns, MAX_PROSE_COLUMNS)
  const head = `  ${symbolOf(LOOKS[state], surface)} ${palette.bold(pad(name, nameColumns))}  `
  const text = broken(harmless(found), columns - indent)
  const advice = hint === undefined ? [] : broken(`What to do: ${harmless(hint)}`, columns - indent)
  const margin = ' '.repeat(indent)
  return [
    head + text[0],
    ...text.slice(1).map(line => margin + line),
    ...advice.map(line => margin + palette.dim(line)),
  ]
}

/** Lines of at most so many columns; a path or address that is longer is broken anywhere. */
function broken(text: string, columns: number): string[] {
  return wrap(text, columns)
    .split('\n')
    .flatMap(line => (widthOf(line) <= columns ? [line] : pieces(line, columns)))
}

function pieces(line: string, columns: number): string[] {
  const characters = Array.from(line)
  const count = Math.ceil(characters.length / columns)
  return Array.from({ length: count }, (_, index) => characters.slice(index * columns, (index + 1) * columns).join(''))
}

function foot(checks: readonly CheckView[], surface: Surface): string {
  const count = (wanted: CheckState) => checks.filter(({ state }) => state === wanted).length
  const { palette } = surface
  const [warnings, failures] = [count('warning'), count('failed')]
  if (warnings + failures === 0) return `  ${palette.green('All is well')}: ${checks.length} checks.`
  const counts = [
    ...(failures > 0 ? [palette.red(`${failures} failed`)] : []),
    ...(warnings > 0 ? [palette.yellow(`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`)] : []),
    `${count('ok')} ok`,
  ]
  return `  ${counts.join(dot(surface))}`
}

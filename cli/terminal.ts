/** What the terminal behind a stream can show, decided once per command from the stream and the environment. */
import { COLOURFUL, PLAIN, type Surface } from './render/colours.ts'

const DEFAULT_COLUMNS = 80
const MIN_COLUMNS = 40
/** Beyond this, lines are too long to read and bars say nothing more. */
const MAX_COLUMNS = 140

export interface TerminalStream {
  isTTY?: boolean
  columns?: number
  rows?: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** Files and pipes get `COLUMNS`, or 80 columns. */
export function surfaceOf(
  stream: TerminalStream,
  env: Environment,
  { noColour = false, now }: { noColour?: boolean; now: number },
): Surface {
  const asked = Number(stream.columns ?? env['COLUMNS'])
  const columns = Number.isInteger(asked) && asked > 0 ? asked : DEFAULT_COLUMNS
  return {
    columns: Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, columns)),
    palette: !noColour && wantsColour(stream, env) ? COLOURFUL : PLAIN,
    unicode: speaksUnicode(env),
    now,
  }
}

/** FORCE_COLOR wins over NO_COLOR, as in Node itself. */
export function wantsColour(stream: TerminalStream, env: Environment): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if (env['NO_COLOR']) return false
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

/** The first of LC_ALL, LC_CTYPE and LANG decides, as in the C library; without any, UTF-8 is by far the likeliest. */
export function speaksUnicode(env: Environment): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(value => value !== undefined && value !== '')
  if (env['TERM'] === 'linux') return false
  return locale === undefined || /utf-?8/i.test(locale)
}

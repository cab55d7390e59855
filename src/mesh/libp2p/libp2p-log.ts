/**
 * libp2p's own log in ours: its errors at debug level (most are dials that will be tried again), all else is silent. libp2p asks
 * `enabled` before it formats, so the silent part costs nothing.
 */
import type { ComponentLogger, Logger } from '@libp2p/interface'
import type { Log } from '../../core/log.ts'

export function libp2pLog(log: Log): ComponentLogger {
  return { forComponent: name => loggerOf(name, log) }
}

function loggerOf(scope: string, log: Log): Logger {
  const logger = () => {}
  return Object.assign(logger, {
    enabled: false,
    trace: () => {},
    error: (format: unknown, ...args: unknown[]) => log.debug(fill(format, args), { scope }),
    newScope: (name: string) => loggerOf(`${scope}:${name}`, log),
  })
}

/** Puts the arguments where libp2p's `%p`, `%a`, `%e` and the like stand. */
function fill(format: unknown, args: readonly unknown[]): string {
  const rest = [...args]
  const text = shown(format).replaceAll(/%[a-z]/gi, mark => (rest.length > 0 ? shown(rest.shift()) : mark))
  return [text, ...rest.map(shown)].join(' ')
}

function shown(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  try {
    return String(value)
  } catch {
    return '(cannot be shown)'
  }
}

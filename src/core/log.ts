/** The log port: what happened, in words, with named facts. Who prints it, and how, is decided in `node/` and `cli/`. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export type LogFacts = Readonly<Record<string, unknown>>

export interface Log {
  debug(message: string, facts?: LogFacts): void
  info(message: string, facts?: LogFacts): void
  warn(message: string, facts?: LogFacts): void
  error(message: string, facts?: LogFacts): void
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

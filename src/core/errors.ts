/**
 * Errors are an API. Every error that a user can meet is a {@link LightflowError}: a stable `code` that scripts test, a first
 * sentence that a scientist understands, a `hint` that says what to do next, and the `cause` untouched.
 *
 * Tell errors apart by `code`, never by `instanceof`: it does not survive worker threads, bundles or the wire.
 */
const BRAND = Symbol.for('lightflow.error')

export interface ErrorOptions {
  /** What the reader should do next, as one or two sentences. */
  hint?: string
  cause?: unknown
  /** Named facts (ids, paths, numbers) for machines; nothing secret. */
  facts?: Readonly<Record<string, unknown>>
}

export class LightflowError extends Error {
  override readonly name = 'LightflowError'
  readonly code: string
  readonly hint: string
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, { hint = '', cause, facts = {} }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.hint = hint
    this.facts = facts
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** An error as plain data: what the ledger, the wire and `--json` carry. */
export interface ErrorRecord {
  code: string
  message: string
  hint?: string
  /** Stack of user code, when the error came from there. */
  stack?: string
}

export function isLightflowError(error: unknown): error is LightflowError {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true
}

/** True when `error` carries this stable code, whichever realm or copy of the package made it. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === code
}

/** Turns anything that can be thrown (also strings and undefined) into plain data; never throws. */
export function toErrorRecord(error: unknown, fallbackCode = 'LF_UNEXPECTED'): ErrorRecord {
  try {
    return readError(error, fallbackCode)
  } catch {
    return { code: fallbackCode, message: 'something was thrown that cannot be read' }
  }
}

function readError(error: unknown, fallbackCode: string): ErrorRecord {
  if (isLightflowError(error)) {
    return { code: error.code, message: error.message, ...(error.hint === '' ? {} : { hint: error.hint }) }
  }
  if (error instanceof Error || isErrorLike(error)) {
    const { message, stack } = error as { message: unknown; stack?: unknown }
    const code = (error as { code?: unknown }).code
    const hint = (error as { hint?: unknown }).hint
    return {
      code: typeof code === 'string' ? code : fallbackCode,
      message: String(message),
      ...(typeof hint === 'string' && hint !== '' ? { hint } : {}),
      ...(typeof stack === 'string' ? { stack } : {}),
    }
  }
  return { code: fallbackCode, message: describe(error) }
}

/** The name that code used without having it, when `thrown` says so: `FunctionTask is not defined`. Never throws. */
export function undefinedName(thrown: unknown): string | undefined {
  try {
    if (!isErrorLike(thrown) || (thrown as { name?: unknown }).name !== 'ReferenceError') return undefined
    return /^(\S+) is not defined$/.exec(String((thrown as { message: unknown }).message))?.[1]
  } catch {
    return undefined
  }
}

/** The error that a record was made from, as well as plain data can tell. */
export function fromErrorRecord({ code, message, hint = '', stack }: ErrorRecord): LightflowError {
  const error = new LightflowError(code, message, { hint })
  if (stack !== undefined) error.stack = stack
  return error
}

function isErrorLike(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'message' in error
}

function describe(value: unknown): string {
  return typeof value === 'string' ? value : `something that is no error was thrown: ${asText(value)}`
}

/** A bare object says nothing of itself. */
function asText(value: unknown): string {
  const isBare = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return isBare ? JSON.stringify(value) : String(value)
}

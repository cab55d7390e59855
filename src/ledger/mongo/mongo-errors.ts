/**
 * What an error of the driver means for us. Either the outcome of a step is open, because the server was not reached, changed, or did not
 * answer: then the step is repeated (R6, R20). Or the server refused it: then it is told.
 */
import { LightflowError } from '../../core/errors.ts'
import { redact } from './redact.ts'

interface DriverError {
  name: string
  message: string
  code?: unknown
  errorLabels?: readonly string[]
  result?: { getWriteConcernError?: () => unknown }
  errorResponse?: unknown
}

/** Errors of the driver by which it refuses to send anything. All its others leave open what became of the command. */
const NOT_SENT = /^(BSON|MongoInvalidArgument|MongoParse|MongoCompatibility|MongoMissing|MongoGridFS)/
/** Of the server: it has seen the command, and the code tells what became of it. */
const OF_SERVER = /^Mongo(Server|Bulk|ClientBulk)\w*Error$/
const NOT_OF_SERVER = new Set(['MongoServerSelectionError', 'MongoServerClosedError'])

/** Of the server: no primary, stepping down, shutting down, timeouts, conflicts, lost cursors, failed majority. */
const OPEN_CODES = new Set([
  6, 7, 24, 43, 46, 50, 64, 89, 91, 112, 117, 133, 134, 175, 189, 202, 211, 225, 234, 237, 246, 262, 290, 317, 358, 384,
  402, 462, 9001, 10058, 10107, 11600, 11601, 11602, 13388, 13435, 13436, 14031,
])
const DISK_FULL = 14031
const DUPLICATE = 11000
const NOT_AUTHORIZED = new Set([11, 13, 18, 31, 33, 8000])
const NOT_SUPPORTED = new Set([9, 59, 72, 148, 303, 40573])

/** True when the step may or may not have been carried out, or can be by a repetition. */
export function isOpen(given: unknown): boolean {
  const error = unwrapped(given)
  if (isSystemError(error)) return true
  if (!isDriverError(error)) return false
  const { name, code, errorLabels = [] } = error
  if (typeof code === 'number' && OPEN_CODES.has(code)) return true
  if (errorLabels.some(label => label === 'RetryableWriteError' || label === 'RetryableError')) return true
  if (name === 'MongoWriteConcernError' || isUnconfirmed(error)) return true
  const isOfServer = OF_SERVER.test(name) && !NOT_OF_SERVER.has(name)
  return !isOfServer && !NOT_SENT.test(name)
}

/** A write of many wears what befell it on its way, a broken connection for instance, as if the server had said it. */
function unwrapped(error: unknown): unknown {
  const isWorn = isDriverError(error) && error.name === 'MongoBulkWriteError' && error.errorResponse instanceof Error
  return isWorn ? error.errorResponse : error
}

/** A write of many that no majority has confirmed: also what it found there already may still be rolled back. */
function isUnconfirmed({ result }: DriverError): boolean {
  return (result?.getWriteConcernError?.() ?? undefined) !== undefined
}

/** A document with the same value in a unique index is there. For a write of many: the only thing that went wrong. */
export function isDuplicate(error: unknown): boolean {
  if (!isDriverError(error) || error.code !== DUPLICATE || isUnconfirmed(error)) return false
  const { writeErrors } = error as { writeErrors?: unknown }
  const all = Array.isArray(writeErrors) ? writeErrors : []
  return all.every(one => (one as { code?: unknown }).code === DUPLICATE)
}

/** The server does not know what it was asked for. */
export function isUnsupported(error: unknown): boolean {
  return isDriverError(error) && typeof error.code === 'number' && NOT_SUPPORTED.has(error.code)
}

export function isAuthentication(error: unknown): boolean {
  if (!isDriverError(error)) return false
  return (
    (typeof error.code === 'number' && NOT_AUTHORIZED.has(error.code)) || error.name === 'MongoMissingCredentialsError'
  )
}

/** The outcome is not known and time is up. */
export function unavailable(cause: unknown): LightflowError {
  if (isDriverError(cause) && cause.code === DISK_FULL) return diskFull(cause)
  return new LightflowError('LF_LEDGER_UNAVAILABLE', `The MongoDB ledger does not answer: ${messageOf(cause)}.`, {
    hint: 'Nothing is lost: it is asked again. If this lasts, look whether the replica set has a primary and a majority of members.',
    cause: safe(cause),
  })
}

export function closedError(): LightflowError {
  return new LightflowError('LF_LEDGER_CLOSED', 'The ledger is closed.')
}

/** Any other error, in words that name no secret. Our own errors stay as they are. */
export function translate(error: unknown): unknown {
  if (!isDriverError(error)) return error
  if (isAuthentication(error)) return notAllowed(error)
  return new LightflowError('LF_LEDGER_REFUSED', `MongoDB refused what was asked of it: ${messageOf(error)}.`, {
    cause: safe(error),
  })
}

export function notAllowed(cause: unknown): LightflowError {
  return new LightflowError('LF_LEDGER_AUTH', `MongoDB does not let this user in: ${messageOf(cause)}.`, {
    hint: 'Check user, password and authSource of the connection string; the user needs the role readWrite on the database of the ledger.',
    cause: safe(cause),
  })
}

function diskFull(cause: unknown): LightflowError {
  return new LightflowError('LF_LEDGER_FULL', 'The disk of the MongoDB server is full.', {
    hint: 'Make room on it; everything goes on by itself then.',
    cause: safe(cause),
  })
}

/** The first line, without credentials and without a full stop. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return redact(text.split('\n', 1)[0] ?? '').replace(/\.$/, '')
}

/** A cause that can be logged: name and message only, since driver errors drag along hosts, options and credentials. */
export function safe(error: unknown): Error {
  const { name, code } = isDriverError(error) ? error : { name: 'Error', code: undefined }
  const plain = new Error(messageOf(error))
  plain.name = typeof code === 'number' ? `${name} ${code}` : name
  return plain
}

/** Of the operating system or of TLS: the driver passes some on as they are, for instance of a connection that was just closed. */
function isSystemError(error: unknown): boolean {
  if (!(error instanceof Error) || isDriverError(error)) return false
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  if (typeof code !== 'string' || code.startsWith('ERR_INVALID_')) return false
  return typeof syscall === 'string' || SYSTEM_CODE.test(code)
}

const SYSTEM_CODE = /^(E[A-Z0-9]{2,}|ERR_(STREAM|SOCKET|SSL|TLS|OSSL)_\w+)$/

function isDriverError(error: unknown): error is DriverError {
  return error instanceof Error && /^(Mongo|PoolCleared|WaitQueue|BSON)/.test(error.name)
}

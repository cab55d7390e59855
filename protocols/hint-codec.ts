/**
 * The gossip message: a batch of hints from one session about one ledger. It is read with every check, because anybody who was a
 * member once may send anything. Kinds that this version does not know are skipped, so that newer peers can say more.
 */
import { LightflowError } from '../src/core/errors.ts'
import type { Hint, HintedClaim, HintedWord } from './hints.ts'
import {
  MAX_CLAIMS_PER_HINT,
  MAX_EARLY_WORD_BYTES,
  MAX_HINT_MESSAGE_BYTES,
  MAX_HINTS_PER_MESSAGE,
  MAX_NAME_LENGTH,
  MAX_PASSED_WORD_BYTES,
} from './limits.ts'
import { decode, encode } from './msgpack.ts'

/** Who speaks about which ledger; `seq` grows with every message of the session, so that a replay is recognised. */
export interface HintEnvelope {
  /** Incarnation of the ledger. */
  ledger: string
  session: string
  seq: number
}

export interface HintMessage extends HintEnvelope {
  hints: Hint[]
}

/**
 * One message, or several when the batch is too long or too large for one: message number i carries `seq + i`.
 * The hints must satisfy {@link isHint}.
 */
export function encodeHints(envelope: HintEnvelope, hints: readonly Hint[]): Uint8Array[] {
  const messages: Uint8Array[] = []
  const waiting = [hints]
  for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop()) {
    const message = encodeOne({ ...envelope, seq: envelope.seq + messages.length }, batch)
    if (message !== undefined) messages.push(message)
    else waiting.push(batch.slice(batch.length >> 1), batch.slice(0, batch.length >> 1))
  }
  return messages
}

/** Throws `LF_DECODE`, and nothing else, for bytes that are not a message of hints within the limits. */
export function decodeHints(bytes: Uint8Array): HintMessage {
  if (bytes.byteLength > MAX_HINT_MESSAGE_BYTES) throw notHints(`they are ${bytes.byteLength} bytes long`)
  const { v, ledger, session, seq, hints } = asMap(decodeAny(bytes))
  if (v !== 1) throw notHints('their version is not 1')
  if (!isId(ledger)) throw notHints('they name no ledger')
  if (!isId(session)) throw notHints('they name no session')
  if (!isCount(seq)) throw notHints('they carry no sequence number')
  if (!Array.isArray(hints) || hints.length > MAX_HINTS_PER_MESSAGE) throw notHints('their list of hints is not valid')
  return { ledger, session, seq, hints: hints.map(readHint).filter(hint => hint !== undefined) }
}

/** True for a hint whose fields all have the right type and size: what may be sent. */
export function isHint(value: unknown): value is Hint {
  try {
    return readHint(value) !== undefined
  } catch {
    return false
  }
}

/** Undefined when the batch does not fit into one message. A single hint always fits: its parts are bounded. */
function encodeOne(envelope: HintEnvelope, hints: readonly Hint[]): Uint8Array | undefined {
  if (hints.length > MAX_HINTS_PER_MESSAGE) return undefined
  const bytes = encode({ v: 1, ...envelope, hints })
  return bytes.byteLength > MAX_HINT_MESSAGE_BYTES && hints.length > 1 ? undefined : bytes
}

/** Undefined for a kind that this version does not know. The copy has the known fields only. */
function readHint(value: unknown): Hint | undefined {
  const fields = asMap(value)
  if (typeof fields.kind !== 'string') throw notHints('a hint has no kind')
  const read = Object.hasOwn(READERS, fields.kind) ? READERS[fields.kind as Hint['kind']] : undefined
  return read?.(fields)
}

type Fields = Readonly<Record<string, unknown>>

const READERS: { [Kind in Hint['kind']]: (fields: Fields) => Hint & { kind: Kind } } = {
  ready: ({ queue, run, count }) => ({ kind: 'ready', queue: text(queue), run: text(run), count: number(count) }),
  claimed: ({ task, epoch }) => ({ kind: 'claimed', task: text(task), epoch: number(epoch) }),
  ended: ({ run, dag }) => ({ kind: 'ended', run: text(run), dag: dag === null ? null : text(dag) }),
  stopping: ({ run }) => ({ kind: 'stopping', run: text(run) }),
  load: ({ busy, capacity, draining }) => ({
    kind: 'load',
    busy: number(busy),
    capacity: number(capacity),
    draining: flag(draining),
  }),
  passed: ({ session, claims, early, word }) => ({
    kind: 'passed',
    session: text(session),
    ...(claims === undefined ? {} : { claims: claimsIn(claims) }),
    ...(early === undefined ? {} : { early: bytes(early, MAX_EARLY_WORD_BYTES) }),
    ...(word === undefined ? {} : { word: wordIn(word) }),
  }),
  buried: ({ session }) => ({ kind: 'buried', session: text(session) }),
  members: () => ({ kind: 'members' }),
}

/** A task's id is made of the names of a run, a DAG and a task, with their counters and separators. */
const MAX_ID_LENGTH = 4 * MAX_NAME_LENGTH

function text(value: unknown): string {
  if (!isId(value)) throw notHints('a name in a hint is not valid')
  return value
}

function number(value: unknown): number {
  if (!isCount(value)) throw notHints('a number in a hint is not valid')
  return value
}

function claimsIn(value: unknown): HintedClaim[] {
  if (!Array.isArray(value) || value.length > MAX_CLAIMS_PER_HINT) throw notHints('a list in a hint is not valid')
  return value.map(asMap).map(({ task, epoch, claimId }) => {
    return { task: text(task), epoch: number(epoch), claimId: text(claimId) }
  })
}

function wordIn(value: unknown): HintedWord {
  const { beat, row } = asMap(value)
  return { beat: number(beat), row: bytes(row, MAX_PASSED_WORD_BYTES) }
}

function bytes(value: unknown, most: number): Uint8Array {
  const isOne = value instanceof Uint8Array && value.byteLength <= most
  if (!isOne) throw notHints('what a hint says of a task is not valid')
  return value
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw notHints('a yes or no in a hint is not valid')
  return value
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_ID_LENGTH
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function asMap(value: unknown): Fields {
  const isMap = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  if (!isMap) throw notHints('they are no map')
  return value as Fields
}

function decodeAny(bytes: Uint8Array): unknown {
  try {
    return decode(bytes)
  } catch (cause) {
    throw notHints('they are no value', cause)
  }
}

function notHints(reason: string, cause?: unknown): LightflowError {
  return new LightflowError('LF_DECODE', `Received bytes are not hints: ${reason}.`, { cause })
}

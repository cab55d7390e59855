import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { decodeHints, encodeHints, isHint } from '../../protocols/hint-codec.ts'
import type { Hint } from '../../protocols/hints.ts'
import {
  MAX_HINT_MESSAGE_BYTES,
  MAX_HINTS_PER_MESSAGE,
  MAX_NAME_LENGTH,
  MAX_PASSED_WORD_BYTES,
} from '../../protocols/limits.ts'
import { encode } from '../../protocols/msgpack.ts'
import { hasCode } from '../../src/core/errors.ts'

const envelope = { ledger: 'incarnation', session: 'session', seq: 7 }

const one: Hint[] = [
  { kind: 'ready', queue: 'task', run: 'cor-8bdkx7q', count: 3 },
  { kind: 'claimed', task: 'cor-8bdkx7q/main:1/put', epoch: 2 },
  { kind: 'ended', run: 'cor-8bdkx7q', dag: null },
  { kind: 'ended', run: 'cor-8bdkx7q', dag: 'main:1' },
  { kind: 'stopping', run: 'cor-8bdkx7q' },
  { kind: 'load', busy: 1, capacity: 8, draining: false },
  { kind: 'passed', session: '0a1b' },
  {
    kind: 'passed',
    session: '0a1b',
    claims: [{ task: 'cor-8bdkx7q/main:1/put', epoch: 2, claimId: '0c' }],
    word: { beat: 3, row: new Uint8Array([1, 2]) },
  },
  { kind: 'buried', session: '0a1b' },
  { kind: 'members' },
]

describe('hint codec', () => {
  it('gives back every kind of hint', () => {
    const [message, ...more] = encodeHints(envelope, one)
    assert.deepEqual(more, [])
    assert.deepEqual(decodeHints(message!), { ...envelope, hints: one })
  })

  it('keeps the bytes on the wire as they are', () => {
    const [message] = encodeHints({ ledger: 'L', session: 'S', seq: 1 }, [
      { kind: 'claimed', task: 'r/d:1/t', epoch: 2 },
      { kind: 'members' },
    ])
    const golden =
      '85a17601a66c6564676572a14ca773657373696f6ea153a373657101a568696e7473' +
      '9283a46b696e64a7636c61696d6564a47461736ba7722f643a312f74a565706f636802' +
      '81a46b696e64a76d656d62657273'
    assert.equal(Buffer.from(message!).toString('hex'), golden)
  })

  it('splits a batch that is too long, and numbers the parts on', () => {
    const hints = Array.from({ length: 2 * MAX_HINTS_PER_MESSAGE + 1 }, (_, epoch) => claimed('run/dag:1/task', epoch))
    const messages = encodeHints(envelope, hints).map(decodeHints)
    assert.deepEqual(
      messages.flatMap(message => message.hints),
      hints,
    )
    assert.deepEqual(
      messages.map(({ seq }) => seq),
      messages.map((_, index) => envelope.seq + index),
    )
  })

  it('holds what is said of a task, with its claim, in one message', () => {
    const name = 'ü'.repeat(MAX_NAME_LENGTH)
    const claims = [{ task: `${name}/${name}:1/${name}`, epoch: 1, claimId: 'c'.repeat(32) }]
    const word = (bytes: number): Hint => ({
      kind: 'passed',
      session: 's',
      claims,
      word: { beat: 1, row: new Uint8Array(bytes) },
    })
    const [message, ...more] = encodeHints(envelope, [word(MAX_PASSED_WORD_BYTES)])
    assert.deepEqual([more, message!.byteLength <= MAX_HINT_MESSAGE_BYTES], [[], true])
    assert.deepEqual(decodeHints(message!).hints, [word(MAX_PASSED_WORD_BYTES)])
    assert.equal(isHint(word(MAX_PASSED_WORD_BYTES + 1)), false)
  })

  it('splits a batch that is too large', () => {
    const name = 'ü'.repeat(MAX_NAME_LENGTH)
    const hints = Array.from({ length: MAX_HINTS_PER_MESSAGE }, (_, epoch) =>
      claimed(`${name}/${name}:1/${name}`, epoch),
    )
    const messages = encodeHints(envelope, hints)
    assert.ok(messages.length > 1)
    assert.ok(messages.every(({ byteLength }) => byteLength <= MAX_HINT_MESSAGE_BYTES))
    assert.deepEqual(
      messages.flatMap(message => decodeHints(message).hints),
      hints,
    )
  })

  it('skips kinds and fields of a newer version', () => {
    const hints = [{ kind: 'weather', wind: 3 }, { kind: 'toString' }, { kind: 'members', since: 4 }]
    assert.deepEqual(decodeHints(encode({ v: 1, ...envelope, hints, extra: true })).hints, [{ kind: 'members' }])
  })

  const refused: Record<string, unknown> = {
    'no map': [1, 2],
    'another version': { v: 2, ...envelope, hints: [] },
    'no ledger': { v: 1, session: 's', seq: 0, hints: [] },
    'an empty session': { v: 1, ledger: 'l', session: '', seq: 0, hints: [] },
    'a negative sequence number': { v: 1, ...envelope, seq: -1, hints: [] },
    'a sequence number beyond safe integers': { v: 1, ...envelope, seq: 2 ** 60, hints: [] },
    'hints that are no list': { v: 1, ...envelope, hints: {} },
    'too many hints': {
      v: 1,
      ...envelope,
      hints: Array.from({ length: MAX_HINTS_PER_MESSAGE + 1 }, () => ({ kind: 'members' })),
    },
    'a hint that is no map': { v: 1, ...envelope, hints: ['members'] },
    'a hint without a kind': { v: 1, ...envelope, hints: [{ run: 'r' }] },
    'a kind that is no text': { v: 1, ...envelope, hints: [{ kind: 7 }] },
    'a field of another type': { v: 1, ...envelope, hints: [{ kind: 'claimed', task: 3, epoch: 1 }] },
    'a missing field': { v: 1, ...envelope, hints: [{ kind: 'load', busy: 1, capacity: 2 }] },
    'a fraction': { v: 1, ...envelope, hints: [{ kind: 'ready', queue: 'q', run: 'r', count: 1.5 }] },
    'an endless name': { v: 1, ...envelope, hints: [{ kind: 'stopping', run: 'r'.repeat(1000) }] },
  }
  for (const [what, value] of Object.entries(refused)) {
    it(`refuses ${what}`, () => assert.throws(() => decodeHints(encode(value)), isDecodeError))
  }

  it('refuses a message beyond the size limit', () => {
    const bytes = encode({ v: 1, ...envelope, hints: [], filler: 'x'.repeat(MAX_HINT_MESSAGE_BYTES) })
    assert.throws(() => decodeHints(bytes), isDecodeError)
  })

  it('never throws anything but LF_DECODE for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => readsOrRefuses(bytes)),
      { numRuns: 2000 },
    )
  })

  it('never throws anything but LF_DECODE for damaged messages', () => {
    const [whole] = encodeHints(envelope, one)
    const damage = fc.record({ at: fc.nat(whole!.length - 1), byte: fc.nat(255), length: fc.nat(whole!.length) })
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), damages => {
        const bytes = Uint8Array.from(whole!)
        for (const { at, byte } of damages) bytes[at] = byte
        readsOrRefuses(bytes.slice(0, damages[0]!.length))
        readsOrRefuses(bytes)
      }),
      { numRuns: 2000 },
    )
  })

  it('never throws anything but LF_DECODE for values of any shape', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 3 }), value => {
        if (encodable(value))
          readsOrRefuses(encode({ v: 1, ...envelope, hints: [value, { kind: 'members', ...value }] }))
      }),
    )
  })

  it('tells what may be sent', () => {
    assert.ok(one.every(isHint))
    assert.equal(isHint({ kind: 'weather' }), false)
    assert.equal(isHint({ kind: 'claimed', task: '', epoch: 1 }), false)
    assert.equal(isHint(undefined), false)
  })
})

function claimed(task: string, epoch: number): Hint {
  return { kind: 'claimed', task, epoch }
}

function isDecodeError(error: unknown): boolean {
  return hasCode(error, 'LF_DECODE')
}

function readsOrRefuses(bytes: Uint8Array): void {
  try {
    for (const hint of decodeHints(bytes).hints) assert.ok(isHint(hint))
  } catch (error) {
    if (!isDecodeError(error)) throw error
  }
}

function encodable(value: unknown): boolean {
  try {
    encode(value)
    return true
  } catch {
    return false
  }
}

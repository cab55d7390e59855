/** Every decoder of received bytes, fed with all that a hostile or broken peer may send: it gives a value or one coded error. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { decodeDataset, encodeDataset } from '../../protocols/dataset.ts'
import { decodeHints, encodeHints } from '../../protocols/hint-codec.ts'
import { checkName, parseTaskId, taskId } from '../../protocols/ids.ts'
import { MAX_VALUE_DEPTH } from '../../protocols/limits.ts'
import { decode, encode } from '../../protocols/msgpack.ts'
import { NdArray } from '../../protocols/nd-array.ts'
import { decodePayloadAnswer, decodePayloadRequest, encodePayloadMessage } from '../../protocols/payload-messages.ts'
import { hasCode } from '../../src/core/errors.ts'

interface Decoder {
  name: string
  /** Throws `LF_DECODE` and nothing else. */
  read: (bytes: Uint8Array) => unknown
  /** Good messages, from which broken ones are made. */
  samples: readonly Uint8Array[]
}

const RICH_VALUE = {
  text: 'detector',
  many: Array.from({ length: 40 }, (_, index) => index * 1000 - 20_000),
  nested: [{ a: [{ b: [{ c: null }] }] }],
  map: new Map<unknown, unknown>([
    ['key', new Set([1, 'two', 3n])],
    [{ object: true }, undefined],
  ]),
  when: new Date(1_700_000_000_123),
  big: -(2n ** 200n),
  array: Float64Array.of(1.5, Number.NaN, Number.POSITIVE_INFINITY),
  words: BigUint64Array.of(0n, 2n ** 64n - 1n),
  image: new NdArray(Float64Array.of(1, -0, Number.NaN, 4, 5, 6), [2, 3]),
  bytes: Uint8Array.of(0xc1, 0xff, 0),
  long: 'x'.repeat(300),
}

const HASH = '0f'.repeat(32)

/** What reads received bytes or text in `protocols/`; a new one fails the test of this list until it is fed here too. */
const READERS = [
  'decode',
  'decodeDataset',
  'decodeHints',
  'decodePayloadAnswer',
  'decodePayloadRequest',
  'parseTaskId',
  'checkName',
  // Behind `decode`, which sees to their errors.
  'checkFrame',
  'unpackNdArray',
]

const ENVELOPE = { ledger: 'incarnation', session: 'session', seq: 4711 }

const DECODERS: readonly Decoder[] = [
  {
    name: 'values',
    read: decode,
    samples: [
      encode(RICH_VALUE),
      encode([]),
      encode('text'),
      encode(new Map([[1, 2]])),
      // Small, so that most of what is changed is the head with its type and shape.
      encode(new NdArray(Int16Array.of(1, 2, 3, 4), [1, 2, 2])),
    ],
  },
  {
    name: 'datasets',
    read: decodeDataset,
    samples: [
      encodeDataset({ data: RICH_VALUE, history: ['first', 'second'] }),
      encodeDataset({ data: {}, history: [] }),
    ],
  },
  {
    name: 'hints',
    read: decodeHints,
    samples: encodeHints(ENVELOPE, [
      { kind: 'ready', queue: 'task', run: 'run-x', count: 50 },
      { kind: 'claimed', task: 'run-x/dag:1/task', epoch: 3 },
      { kind: 'ended', run: 'run-x', dag: null },
      { kind: 'load', busy: 2, capacity: 8, draining: false },
      { kind: 'passed', session: 'another' },
      { kind: 'buried', session: 'another' },
      { kind: 'members' },
    ]),
  },
  {
    name: 'requests for payloads',
    read: decodePayloadRequest,
    samples: [
      encodePayloadMessage({ kind: 'door', hash: HASH }),
      encodePayloadMessage({ kind: 'suspect', hash: HASH }),
      encodePayloadMessage({ kind: 'read', hash: HASH, offset: 2 ** 40, length: 65_536 }),
      encodePayloadMessage({ kind: 'keep', hash: HASH, sizeBytes: 2 ** 33, folder: HASH.slice(32) }),
      encodePayloadMessage({ kind: 'fetch', hash: HASH, sizeBytes: 2 ** 33, from: ['12D3KooWone', '12D3KooWtwo'] }),
    ],
  },
  {
    name: 'answers about payloads',
    read: decodePayloadAnswer,
    samples: [
      encodePayloadMessage({ kind: 'here', sizeBytes: 2 ** 33, door: null }),
      encodePayloadMessage({ kind: 'here', sizeBytes: 1, door: { port: 1, id: HASH.slice(32), key: HASH } }),
      encodePayloadMessage({ kind: 'bytes', bytes: new Uint8Array(100) }),
      encodePayloadMessage({ kind: 'noted' }),
      encodePayloadMessage({ kind: 'kept' }),
      encodePayloadMessage({ kind: 'no', why: 'busy' }),
    ],
  },
]

for (const { name, read, samples } of DECODERS) {
  describe(`the decoder of ${name}`, () => {
    it('bears any bytes', () => bears(fc.uint8Array({ maxLength: 600 })))

    it('bears any sequence of tokens, with lengths that lie', () => bears(tokens))

    it('bears good messages that were changed, cut, doubled and spliced', () => {
      for (const sample of samples) assert.doesNotThrow(() => read(sample))
      bears(damaged(samples))
    })

    it('bears values of any shape', () => bears(fc.anything(ANY_VALUE).map(value => encode(value))))

    it('refuses nesting beyond all bounds, of arrays, maps, Maps, Sets and in turns', () => {
      for (const opening of [
        [0x91],
        [0x81, 0xa1, 0x61],
        [0xd4, 0x4d, 0, 0x91],
        [0xd4, 0x73, 0, 0x91],
        [0x91, 0x81, 0xa0],
      ]) {
        // The outermost value is at no depth yet.
        for (const depth of [MAX_VALUE_DEPTH + 2, 5000, 100_000]) {
          const bytes = Uint8Array.from(
            { length: depth * opening.length },
            (_, index) => opening[index % opening.length]!,
          )
          refuses(bytes)
          refuses(Uint8Array.of(...bytes.subarray(0, 4000 * opening.length), 0xc0))
        }
      }
    })

    it('makes no room for what is only announced', () => {
      const before = process.memoryUsage()
      for (const token of LENGTH_TOKENS) {
        for (const length of [2 ** 32 - 1, 2 ** 31, 2 ** 31 - 1, 2 ** 30, 2 ** 24]) {
          const bytes = Buffer.alloc(64)
          bytes[0] = token
          bytes.writeUInt32BE(length, 1)
          for (const end of [5, 6, 64]) refuses(bytes.subarray(0, end))
        }
      }
      const after = process.memoryUsage()
      const grownBytes = after.heapUsed + after.external - before.heapUsed - before.external
      assert.ok(grownBytes < 64 * 1024 * 1024, `${grownBytes} bytes were taken`)
    })

    it('lets nothing reach a prototype', () => {
      for (const key of ['__proto__', 'constructor', 'prototype']) {
        const text = Buffer.from(key)
        // One object with this key, as short and as long text, and inside of others.
        for (const head of [
          [0xa0 | text.length],
          [0xd9, text.length],
          [0xda, 0, text.length],
          [0xdb, 0, 0, 0, text.length],
        ]) {
          const object = [0x81, ...head, ...text, 0x81, 0xa8, ...Buffer.from('polluted'), 0xc3]
          refuses(Uint8Array.from(object))
          refuses(Uint8Array.of(0x91, ...object))
          refuses(Uint8Array.of(0x81, 0xa4, ...Buffer.from('data'), ...object))
        }
      }
      assert.equal(({} as { polluted?: unknown }).polluted, undefined)
    })

    function bears(bytes: fc.Arbitrary<Uint8Array>): void {
      fc.assert(fc.property(bytes, readsOrRefuses), { numRuns: 700 })
      assert.deepEqual(Object.keys(Object.prototype), [])
    }

    function readsOrRefuses(bytes: Uint8Array): void {
      const before = Uint8Array.from(bytes)
      try {
        read(bytes)
      } catch (error) {
        assert.ok(hasCode(error, 'LF_DECODE'), `${String(error)} for ${Buffer.from(bytes).toString('hex')}`)
      }
      assert.deepEqual(bytes, before)
    }

    function refuses(bytes: Uint8Array): void {
      assert.throws(
        () => read(bytes),
        error => hasCode(error, 'LF_DECODE'),
      )
    }
  })
}

describe('the readers of received bytes and text', () => {
  it('are all fed here', () => {
    const files = readdirSync('protocols').map(name => readFileSync(join('protocols', name), 'utf8'))
    const byName = (one = '', other = ''): number => one.localeCompare(other)
    const readers = files.flatMap(text =>
      Array.from(text.matchAll(/^export function ((?:decode|parse|unpack|check|read)\w*)/gm), ([, name]) => name),
    )
    assert.deepEqual(readers.toSorted(byName), READERS.toSorted(byName))
  })
})

describe('what is decoded', () => {
  it('is a value that can be encoded, and then comes back the same', () => {
    fc.assert(
      fc.property(fc.oneof(tokens, damaged(DECODERS[0]!.samples)), bytes => {
        const value = decoded(bytes)
        if (value !== undefined) assert.ok(isDeepStrictEqual(decode(encode(value.it)), value.it))
      }),
      { numRuns: 1500 },
    )
  })

  it('as a dataset has a history of names and contents under names, or is refused', () => {
    const wrong = [
      { v: 1, data: {}, history: [{ toString: 0, valueOf: 0 }] },
      { v: 1, data: {}, history: [7] },
      { v: 1, data: [], history: [] },
      { v: 1, data: new Map([['toString', 1]]), history: [] },
      { v: 1, data: new Date(0), history: [] },
      { v: 2, data: {}, history: [] },
      [],
      null,
      'text',
    ]
    for (const value of wrong) assert.throws(() => decodeDataset(encode(value)), { code: 'LF_DECODE' })
  })

  it('of datasets is what was encoded', () => {
    const data = fc.dictionary(key, fc.anything({ key, maxDepth: 3, withDate: true, withMap: true, withSet: true }))
    fc.assert(
      fc.property(data, fc.array(fc.string()), (contents, history) => {
        const dataset = { data: { ...contents }, history }
        assert.deepEqual(decodeDataset(encodeDataset(dataset)), dataset)
      }),
      { numRuns: 250 },
    )
  })

  it('of task ids is what they were made of', () => {
    const part = fc.string({ minLength: 1 }).filter(text => !text.includes('/'))
    fc.assert(
      fc.property(part, part, part, (run, dag, task) => {
        assert.deepEqual(parseTaskId(taskId(run, dag, task)), { run, dag, task })
      }),
    )
  })

  it('as a name is a name, or refused with LF_NAME', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.anything({ withNullPrototype: true })), name => {
        try {
          assert.equal(checkName('task', name), name)
        } catch (error) {
          assert.ok(hasCode(error, 'LF_NAME'), String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })
})

/** Tokens that are followed by a length of four bytes. */
const LENGTH_TOKENS = [0xc6, 0xc9, 0xdb, 0xdd, 0xdf]

const key = fc.string().filter(text => !['__proto__', 'constructor', 'prototype'].includes(text))
const ANY_VALUE = {
  key,
  maxDepth: 4,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
}

/** Every byte that begins a token is as likely as the others; what follows fits it more often than not. */
const tokens = fc
  .array(
    fc.oneof(
      fc.nat(255).map(token => [token]),
      fc.tuple(fc.constantFrom(0xc4, 0xc7, 0xcc, 0xd0, 0xd4, 0xd5, 0xd6, 0xd9), fc.nat(255)),
      fc.tuple(fc.constantFrom(0xc5, 0xc8, 0xcd, 0xd1, 0xda, 0xdc, 0xde), fc.constantFrom(0, 0xff), fc.nat(255)),
      fc.tuple(fc.constantFrom(...LENGTH_TOKENS), fc.constantFrom(0, 0xff), fc.nat(255), fc.nat(255), fc.nat(255)),
      // The extensions of the profile, and others.
      fc.tuple(
        fc.constantFrom(0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xc7),
        fc.constantFrom(0, 0x42, 0x4d, 0x4e, 0x73, 0x74, 0xff),
      ),
      fc.tuple(fc.constant(0xd4), fc.constantFrom(0x4d, 0x73), fc.nat(255), fc.integer({ min: 0x90, max: 0x9f })),
      fc.constantFrom(
        [0xa1, 0x76, 1],
        [0xa4, 0x64, 0x61, 0x74, 0x61, 0x80],
        [0xa5, 0x68, 0x69, 0x6e, 0x74, 0x73, 0x90],
      ),
      fc.uint8Array({ maxLength: 12 }).map(bytes => Array.from(bytes)),
    ),
    { maxLength: 60 },
  )
  .map(parts => Uint8Array.from(parts.flat()))

interface Damage {
  kind: 'change' | 'cut' | 'drop' | 'double' | 'insert'
  at: number
  length: number
  byte: number
}

function damaged(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const damage = fc.record<Damage>({
    kind: fc.constantFrom('change', 'change', 'change', 'cut', 'drop', 'double', 'insert'),
    at: fc.nat(2000),
    length: fc.integer({ min: 1, max: 40 }),
    byte: fc.nat(255),
  })
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(damage, { minLength: 1, maxLength: 5 }))
    .map(([sample, damages]) => damages.reduce(harm, sample))
}

function harm(bytes: Uint8Array, { kind, at, length, byte }: Damage): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length
  const [head, piece, tail] = [bytes.subarray(0, place), bytes.subarray(place, place + length), bytes.subarray(place)]
  if (kind === 'cut') return head
  if (kind === 'drop') return Uint8Array.of(...head, ...tail.subarray(length))
  if (kind === 'double') return Uint8Array.of(...head, ...piece, ...tail)
  if (kind === 'insert') return Uint8Array.of(...head, byte, ...tail)
  return Uint8Array.of(...head, byte, ...tail.subarray(1))
}

function decoded(bytes: Uint8Array): { it: unknown } | undefined {
  try {
    return { it: decode(bytes) }
  } catch {
    return undefined
  }
}

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import * as fc from 'fast-check'
import { Packr } from 'msgpackr'
import { decode, encode } from '../../protocols/msgpack.ts'
import { MAX_VALUE_DEPTH } from '../../protocols/limits.ts'
import { MAX_BIGINT_BYTES } from '../../protocols/value-limits.ts'

const trip = (value: unknown) => decode(encode(value))

describe('the msgpack profile', () => {
  describe('brings back', () => {
    const values: Record<string, unknown> = {
      'numbers of every size': [
        0,
        1,
        -1,
        127,
        128,
        -32,
        -33,
        2 ** 31,
        2 ** 32,
        2 ** 53,
        -(2 ** 53),
        0.1,
        1e300,
        5e-324,
      ],
      'what is no ordinary number': [NaN, Infinity, -Infinity],
      'negative zero': [-0, { a: -0 }, [0, -0], new Map([['a', -0]])],
      text: ['', 'é漢😀', 'x'.repeat(70_000), 'line\nbreak\0'],
      'nothing, in all its forms': { a: undefined, b: null, c: [undefined, null], d: {}, e: [] },
      dates: [
        new Date(0),
        new Date(1_700_000_000_123),
        new Date(-1),
        new Date(8.64e15),
        new Date(-8.64e15),
        new Date(NaN),
      ],
      'maps with any keys': new Map<unknown, unknown>([
        [1, 'number'],
        ['1', 'text'],
        [{ a: 1 }, new Map([[[], new Set()]])],
        ['__proto__', 'harmless here'],
      ]),
      sets: new Set<unknown>([1, '1', new Date(5), [1], new Map([[1, 2]])]),
      'BigInts of every size': [0n, 5n, -5n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n), 2n ** 3000n, -(2n ** 3000n)],
      'floats bit for bit': [new Float64Array([1.5, NaN, -0, Infinity]), new Float32Array([0.1, -0])],
      'integer arrays': [
        new Int8Array([-1]),
        new Uint16Array([65_535]),
        new Int32Array([-7]),
        new Uint8ClampedArray([255]),
      ],
      'BigInt arrays': [new BigInt64Array([-1n]), new BigUint64Array([2n ** 64n - 1n])],
      'bytes, buffers and views': [
        new Uint8Array([1, 2]),
        new Uint8Array([3]).buffer,
        new DataView(new ArrayBuffer(3)),
      ],
      'empty arrays of every kind': [new Float64Array(0), new Uint8Array(0), new ArrayBuffer(0), new Map(), new Set()],
      'everything in everything': { a: [new Map([['k', new Set([{ b: new Float64Array([1, 2]), c: [10n] }])]])] },
    }
    for (const [what, value] of Object.entries(values)) {
      it(what, () => assert.deepEqual(trip(value), value))
    }

    it('any plain data', () => {
      const anything = fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withTypedArray: true,
        withSparseArray: false,
        key: fc.string().filter(key => !['__proto__', 'constructor', 'prototype'].includes(key)),
      })
      fc.assert(fc.property(anything, value => assert.deepEqual(trip(value), value)))
    })

    it('only the part of a buffer that a view shows', () => {
      const whole = Float64Array.from({ length: 8 }, (_, index) => index)
      assert.deepEqual(trip(whole.subarray(2, 4)), new Float64Array([2, 3]))
      assert.equal((trip(whole.subarray(2, 4)) as Float64Array).buffer.byteLength, 16)
    })

    it('objects with more keys than a 16-bit count can tell, and arrays likewise', () => {
      const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index]))
      assert.deepEqual(trip(wide), wide)
      const long = Array.from({ length: 200_000 }, (_, index) => index)
      assert.deepEqual(trip(long), long)
    })
  })

  describe('turns into its plain form', () => {
    class Samples extends Float64Array {}
    class Table extends Map<string, number> {}

    const values: Record<string, [unknown, unknown]> = {
      'an object with a getter': [{ get a() { return 7 } }, { a: 7 }], // oxfmt-ignore
      'an object without a prototype': [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
      'an object with toJSON in its class': [new URL('http://beamline/'), 'http://beamline/'],
      'a Buffer': [Buffer.from('abc'), new Uint8Array([97, 98, 99])],
      'a subclass of a typed array': [new Samples([1, 2]), new Float64Array([1, 2])],
      'a subclass of Map': [new Table([['a', 1]]), new Map([['a', 1]])],
      'boxed values': [
        [Object(1), Object('x'), Object(false)],
        [1, 'x', false],
      ],
      'an array with holes': [Object.assign([1], { 2: 3 }), [1, undefined, 3]],
    }
    for (const [what, [value, expected]] of Object.entries(values)) {
      it(what, () => assert.deepEqual(trip(value), expected))
    }

    it('without touching the value that was passed', () => {
      const value = { peaks: [new URL('http://beamline/'), new Map([[1, Buffer.from('a')]])] }
      encode(value)
      assert.ok(value.peaks[0] instanceof URL && value.peaks[1] instanceof Map)
    })
  })

  describe('refuses, naming the place,', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    let deep: unknown = 1
    for (let level = 0; level < MAX_VALUE_DEPTH + 50; level++) deep = [deep]
    const values: Record<string, [unknown, RegExp]> = {
      'a function': [{ fit: { model: () => 1 } }, /at fit\.model: it is a function/],
      'a symbol': [[Symbol('x')], /at 0: it is a symbol/],
      'a function as a key of a Map': [new Map([[() => 1, 1]]), /it is a function/],
      'a promise': [{ image: Promise.resolve(1) }, /at image: .*await it first/],
      'an error': [{ why: new TypeError('x') }, /at why: it is an Error/],
      'an object that contains itself': [cycle, /contains itself/],
      'too many levels': [deep, /deeper than 200 levels/],
      'a property that throws': [{ get a() { throw new Error('x') } }, /at a: .*throws/], // oxfmt-ignore
      'a toJSON that throws': [{ a: new (class Odd { toJSON() { throw new Error('x') } })() }, /at a: .*Odd.*throws/], // oxfmt-ignore
      'what has nothing to pass on': [{ a: new WeakMap() }, /at a: it is a WeakMap/],
      'a regular expression': [[/x/], /RegExp/],
      'an unsupported typed array': [[new (globalThis as unknown as { Float16Array: typeof Float32Array }).Float16Array(1)], /Float16Array/], // oxfmt-ignore
      'a monstrous BigInt': [[1n << BigInt(MAX_BIGINT_BYTES * 8)], /BigInt of more than/],
      'reserved keys': [JSON.parse('{ "a": { "__proto__": 1 } }'), /at a\.__proto__: .*reserved key/],
      'constructor as a key': [{ constructor: 1 }, /reserved key/],
    }
    for (const [what, [value, message]] of Object.entries(values)) {
      it(what, () => assert.throws(() => encode(value), { code: 'LF_ENCODE', message, hint: /plain data/ }))
    }

    it('more entries than a value may have, at once', () => {
      assert.throws(() => encode(Array.from({ length: 3 }, () => emptyOfLength(2 ** 30))), {
        code: 'LF_VALUE_TOO_LARGE',
        hint: /typed array/,
      })
      let doubled: unknown = [1]
      for (let level = 0; level < 60; level++) doubled = [doubled, doubled]
      assert.throws(() => encode(doubled), { code: 'LF_VALUE_TOO_LARGE' })
    }).timeout(60_000)
  })

  it('decodes whatever it encodes, up to the deepest value', () => {
    let value: unknown = 1
    for (let level = 0; level <= MAX_VALUE_DEPTH; level++) {
      value = level % 3 === 0 ? [value] : level % 3 === 1 ? new Map([['k', value]]) : { k: value }
      assert.deepEqual(trip(value), value)
    }
    assert.throws(() => encode([value]), { code: 'LF_ENCODE' })
  })

  it('hands out bytes that own their memory', () => {
    for (const value of [1, 'x'.repeat(10_000), new Float64Array(2_000_000)]) {
      const bytes = encode(value)
      assert.equal(bytes.buffer.byteLength, bytes.byteLength)
    }
  })

  it('does not let go of one value for the next', () => {
    const first = encode({ a: new Float64Array(1000).fill(1), b: 'first' })
    const before = hash('sha256', first)
    for (let index = 0; index < 50; index++) encode({ a: new Float64Array(1000 * index), b: 'x'.repeat(index) })
    assert.equal(hash('sha256', first), before)
    const decoded = decode(first) as { a: Float64Array }
    first.fill(0)
    assert.equal(decoded.a[999], 1)
  })

  describe('given hostile bytes,', () => {
    const isRefused = (bytes: Uint8Array | number[], message = /./) =>
      assert.throws(() => decode(Uint8Array.from(bytes)), { code: 'LF_DECODE', message })

    it('throws LF_DECODE or gives a value that it would encode, and nothing else', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), bytes => decodesOrRefuses(bytes)),
        { numRuns: 3000 },
      )
    })

    it('so too when a good value is cut, lengthened or changed in one place', () => {
      const good = encode({
        a: [1, 2.5, 'x', null],
        m: new Map([[1, new Set([2n ** 100n])]]),
        f: new Float64Array(3),
        d: new Date(5),
      })
      for (let end = 0; end < good.length; end++) isRefused(good.slice(0, end))
      isRefused([...good, 0], /after their end/)
      for (let place = 0; place < good.length; place++) {
        for (const change of [1, 0x40, 0x80, 0xff]) {
          const bytes = good.slice()
          bytes[place] = (bytes[place] ?? 0) ^ change
          decodesOrRefuses(bytes)
        }
      }
    })

    it('refuses sizes that the bytes cannot hold before it makes room for them', () => {
      for (const token of [0xc6, 0xc9, 0xdb, 0xdd, 0xdf])
        isRefused([token, 0xff, 0xff, 0xff, 0xff, 0x74, 1], /too early/)
      isRefused([0xd4, 0x73, 0, 0xdd, 0x7f, 0xff, 0xff, 0xff], /too early/)
    })

    it('refuses nesting deeper than the limit, whatever the stack would bear', () => {
      isRefused(new Uint8Array(1_000_000).fill(0x91), /nested too deeply/)
      isRefused(
        Uint8Array.from({ length: 1_000_000 }, (_, index) => [0xd4, 0x73, 0x00, 0x91][index % 4] as number),
        /nested/,
      )
    })

    it('refuses keys that reach prototypes', () => {
      const packr = new Packr({ useRecords: false })
      for (const key of ['__proto__', 'constructor', 'prototype']) {
        isRefused(packr.pack({ a: new Map([[key, { polluted: true }]]) }), /forbidden key/)
      }
      assert.equal(({} as { polluted?: boolean }).polluted, undefined)
    })

    it('refuses keys that are neither text nor whole numbers', () => {
      isRefused([0x81, 0x90, 0x01], /no text/)
      isRefused([0x81, 0xc0, 0x01], /no text/)
      assert.deepEqual(decode(Uint8Array.from([0x81, 0x05, 0x01])), { 5: 1 })
    })

    it('refuses what the profile does not have: records, errors, expressions, references, bundled text', () => {
      isRefused(new Packr({ useRecords: true }).pack([{ a: 1 }, { a: 2 }]), /unknown extension/)
      isRefused(new Packr({ moreTypes: true }).pack(new Error('x')), /unknown extension/)
      isRefused(new Packr({ moreTypes: true }).pack(/x/), /unknown extension/)
      const twice = { a: 1 }
      isRefused(new Packr({ useRecords: false, structuredClone: true }).pack([twice, twice]), /unknown extension/)
      isRefused(
        new Packr({ useRecords: false, bundleStrings: true }).pack(['long text', 'long text']),
        /unknown extension/,
      )
      isRefused([0xc1], /unknown token/)
    })

    it('refuses Maps and Sets that are not followed by their elements', () => {
      isRefused([0xd4, 0x4d, 0x00, 0x91, 0x01])
      isRefused([0xd4, 0x4d, 0x00, 0x01], /not followed/)
      isRefused([0xd4, 0x73, 0x00, 0x80], /not followed/)
    })

    it('refuses typed arrays of broken size or unknown kind', () => {
      isRefused([0xc7, 5, 0x74, 8, 1, 2, 3, 4])
      isRefused([0xd5, 0x74, 99, 0])
    })
  })
})

function decodesOrRefuses(bytes: Uint8Array): void {
  let value: unknown
  try {
    value = decode(bytes)
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, 'LF_DECODE')
    return
  }
  encode(value)
}

function emptyOfLength(length: number): unknown[] {
  const array: unknown[] = []
  array.length = length
  return array
}

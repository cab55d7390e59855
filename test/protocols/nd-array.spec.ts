import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { decode, encode } from '../../protocols/msgpack.ts'
import { NdArray, unpackNdArray, packNdArray } from '../../protocols/nd-array.ts'

const trip = (value: unknown) => decode(encode(value))
const bitsOf = ({ data }: NdArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')

/** Bits that no arithmetic makes: NaNs with a payload, both zeros, the smallest number. */
const ODD_BITS = [0x7ff8000000000001n, 0xfff4000000000badn, 0x8000000000000000n, 0n, 1n, 0x7ff0000000000000n]

describe('NdArray', () => {
  it('survives the trip bit for bit, with its type and shape', () => {
    const array = new NdArray(new Float64Array(new BigUint64Array(ODD_BITS).buffer), [2, 3])
    const back = trip({ frame: array }) as { frame: NdArray }
    assert.ok(back.frame instanceof NdArray)
    assert.deepEqual([back.frame.dtype, back.frame.shape], ['float64', [2, 3]])
    assert.equal(bitsOf(back.frame), bitsOf(array))
  })

  it('does so with elements of every type, with none and with one', () => {
    const arrays = [
      new NdArray(new Int8Array([-1, 1])),
      new NdArray(new Uint8Array([255, 0]), [2, 1]),
      new NdArray(new Int16Array([-300])),
      new NdArray(new Uint16Array([65_535])),
      new NdArray(new Int32Array([-7])),
      new NdArray(new Uint32Array([2 ** 32 - 1])),
      new NdArray(new BigInt64Array([-1n])),
      new NdArray(new BigUint64Array([2n ** 64n - 1n])),
      new NdArray(new Float32Array([0.1, -0])),
      new NdArray(new Float64Array(0), [0, 5]),
      new NdArray(new Float64Array([1]), []),
    ]
    for (const array of arrays) {
      const back = trip([array]) as [NdArray]
      assert.deepEqual([back[0].dtype, back[0].shape, bitsOf(back[0])], [array.dtype, array.shape, bitsOf(array)])
    }
  })

  it('passes on only the elements that it shows, and copies them', () => {
    const whole = Float64Array.from({ length: 100 }, (_, index) => index)
    const back = trip(new NdArray(whole.subarray(10, 14), [2, 2])) as NdArray
    assert.equal(back.data.buffer.byteLength, 32)
    assert.equal(back.at(1, 1), 13)
    whole.fill(0)
    assert.equal(back.at(0, 0), 10)
  })

  it('gives and takes elements by their indices, last index first', () => {
    const array = NdArray.zeros('uint16', [2, 3, 4])
    array.set(7, 1, 2, 3)
    assert.equal(array.at(1, 2, 3), 7)
    assert.equal(array.data[23], 7)
    for (const indices of [
      [1, 2],
      [2, 0, 0],
      [0, 0, -1],
      [0, 0, 0.5],
    ]) {
      assert.throws(() => array.at(...indices), { code: 'LF_ND_ARRAY' })
    }
  })

  it('refuses shapes that do not hold its elements', () => {
    for (const shape of [[2, 2], [7], [-1, -6], [1.5, 4], [2 ** 33, 0], Array.from({ length: 33 }, () => 1)]) {
      assert.throws(() => new NdArray(new Float64Array(6), shape), { code: 'LF_ND_ARRAY', hint: /\[2, 3\]/ })
    }
    assert.throws(() => new NdArray([1, 2] as unknown as Float64Array), { code: 'LF_ND_ARRAY' })
  })

  it('is known by its brand when it comes from another copy of the package', async () => {
    const other = (await import(`../../protocols/nd-array.ts?copy=${process.pid}`)) as { NdArray: typeof NdArray }
    assert.notEqual(other.NdArray, NdArray)
    const back = trip([new other.NdArray(new Uint8Array([1, 2]), [1, 2])]) as [NdArray]
    assert.deepEqual([back[0].dtype, back[0].shape], ['uint8', [1, 2]])
  })

  it('throws LF_DECODE for a damaged one, and nothing else', () => {
    const good = encode(new NdArray(new Float64Array(6), [2, 3]))
    const head = good.lastIndexOf(0x3c)
    for (const [place, byte] of [
      [head, 0x3e],
      [head + 1, 0x69],
      [head + 3, 200],
      [head + 7, 9],
      [head + 3, 1],
    ] as const) {
      const bad = new Uint8Array(good)
      bad[place] = byte
      // A type of the same size is another array, not a damaged one.
      if (place === head + 1) assert.equal((decode(bad) as NdArray).dtype, 'int64')
      else assert.throws(() => decode(bad), { code: 'LF_DECODE' })
    }
    assert.throws(() => unpackNdArray(new Uint8Array(2)), { code: 'LF_ND_ARRAY' })
  })

  it('has the bytes that docs/payloads.md tells other languages', () => {
    const bytes = Buffer.from(encode(new NdArray(new Uint16Array([1, 2, 3, 4, 5, 6]), [2, 3]))).toString('hex')
    const elements = '010002000300040005000600'
    assert.equal(bytes, `c7184e${Buffer.from('<u2').toString('hex')}020000000200000003${elements}`)
  })

  it('is read by NumPy', function () {
    const script = `
import sys, numpy
raw = sys.stdin.buffer.read()
dimensions = raw[3]
shape = numpy.frombuffer(raw, '>u4', dimensions, 4)
array = numpy.frombuffer(raw, raw[:3].decode(), offset=4 + 4 * dimensions).reshape(shape)
print(array.dtype, array.shape, array[1, 2])`
    const packed = packNdArray(new NdArray(new Float32Array([1, 2, 3, 4, 5, 6.5]), [2, 3]))
    const { status, stdout } = spawnSync('python3', ['-c', script], { input: packed, encoding: 'utf8' })
    // Without NumPy on this machine the fixed bytes above are the proof.
    if (status !== 0) this.skip()
    assert.equal(stdout.trim(), 'float32 (2, 3) 6.5')
  })
})

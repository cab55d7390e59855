/** An array made by one peer, changed by a second and checked by a third: each task has the queue of its own peer. */
import { Dag, FunctionTask, NdArray } from 'lightflow'

const SIDE = 2000

/** Numbers of all kinds, with a NaN that carries a message, both zeros, and an infinity among them. */
function makeFrame(): NdArray {
  const data = Float64Array.from({ length: SIDE * SIDE }, (_, index) => Math.sin(index) * 1e6)
  new BigUint64Array(data.buffer).set([0x7ff8000000000badn, 0x8000000000000000n, 0x7ff0000000000000n])
  return new NdArray(data, [SIDE, SIDE])
}

/** Moves bits, touches none. */
function reversed({ data, shape }: NdArray): NdArray {
  return new NdArray((data as Float64Array).toReversed(), shape)
}

function bitsOf({ data }: NdArray): BigUint64Array {
  return new BigUint64Array(data.buffer, data.byteOffset, data.length)
}

const make = new FunctionTask('make', ({ data }) => data.set('frame', makeFrame()), { queue: 'alpha' })

const change = new FunctionTask('change', ({ data }) => data.set('frame', reversed(data.get<NdArray>('frame'))), {
  queue: 'beta',
})

const check = new FunctionTask(
  'check',
  ({ data, context }) => {
    const found = data.get<NdArray>('frame')
    const expected = bitsOf(reversed(makeFrame()))
    const different = bitsOf(found).findIndex((bits, index) => bits !== expected[index])
    data.delete('frame')
    data.set('verdict', { different, shape: found.shape, dtype: found.dtype, peer: context.peerName })
  },
  { queue: 'gamma' },
)

export const frames = new Dag('frames').define([
  [make, change],
  [change, check],
])

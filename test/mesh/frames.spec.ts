import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { FrameReader, toFrame } from '../../src/mesh/frames.ts'

const MOST = 300

describe('frames on a stream', () => {
  it('come out as they went in, whatever pieces they arrive in', () => {
    const message = fc.uint8Array({ maxLength: MOST })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 40 }), (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(toFrame))
        const reader = new FrameReader(MOST)
        const ends = [...new Set([...cuts.map(cut => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
        const read = ends.flatMap((end, index) => reader.push(bytes.subarray(ends[index - 1] ?? 0, end)))
        assert.deepEqual(
          read.map(one => Buffer.from(one)),
          messages.map(one => Buffer.from(one)),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('do not change when the piece that they came in is used again', () => {
    const piece = Buffer.from(toFrame(Uint8Array.of(1, 2, 3)))
    const [message] = new FrameReader(MOST).push(piece)
    piece.fill(0)
    assert.deepEqual(message, Uint8Array.of(1, 2, 3))
  })

  it('are refused when they announce more than any may hold, before it is there', () => {
    assert.deepEqual(new FrameReader(MOST).push(toFrame(new Uint8Array(MOST)))[0]?.byteLength, MOST)
    assert.throws(() => new FrameReader(MOST).push(toFrame(new Uint8Array(MOST + 1)).subarray(0, 2)), {
      code: 'LF_DECODE',
    })
  })
})

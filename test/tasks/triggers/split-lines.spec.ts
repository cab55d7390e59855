import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { LineBuffer, MAX_LINE_BYTES } from '../../../src/tasks/triggers/split-lines.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('LineBuffer', () => {
  it('gives whole lines with the place behind each, and keeps the rest', () => {
    const buffer = new LineBuffer(100)
    assert.deepEqual(buffer.push(bytes('one\ntw')), [{ text: 'one', end: 104 }])
    assert.deepEqual([buffer.offset, buffer.rest], [104, 2])
    assert.deepEqual(buffer.push(bytes('o\r\n\nlast')), [
      { text: 'two', end: 109 },
      { text: '', end: 110 },
    ])
    assert.deepEqual(buffer.end(), [{ text: 'last', end: 114 }])
    assert.deepEqual([buffer.end(), buffer.rest], [[], 0])
  })

  it('gives the same lines however the bytes are cut, also in the middle of a letter', () => {
    const pieces = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', ' ', 'é', '漢', '🙂'), maxLength: 12 }), { maxLength: 10 }),
        pieces,
        (lines, cuts) => {
          const all = bytes(lines.map(line => `${line}\n`).join(''))
          const buffer = new LineBuffer(0)
          const found: string[] = []
          for (let at = 0, turn = 0; at < all.byteLength; turn++) {
            const to = at + 1 + (cuts[turn % cuts.length] ?? 0)
            for (const { text, end } of buffer.push(all.subarray(at, to))) {
              found.push(text)
              assert.equal(all[end - 1], 0x0a)
            }
            at = to
          }
          assert.deepEqual(found, lines)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('gives a line that is too long in pieces', () => {
    const buffer = new LineBuffer(0)
    const lines = buffer.push(bytes(`${'x'.repeat(2 * MAX_LINE_BYTES + 5)}\ny\n`))
    assert.deepEqual(
      lines.map(({ text }) => text.length),
      [2 * MAX_LINE_BYTES + 5, 1],
    )
    const endless = new LineBuffer(0)
    const pieces = [1, 2, 3].flatMap(() => endless.push(bytes('x'.repeat(MAX_LINE_BYTES - 1))))
    assert.deepEqual(
      pieces.map(({ text }) => text.length),
      [MAX_LINE_BYTES, MAX_LINE_BYTES],
    )
  })
})

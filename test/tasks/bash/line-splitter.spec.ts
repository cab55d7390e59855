import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { LineSplitter, MAX_LINE_CHARS } from '../../../src/tasks/bash/line-splitter.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

describe('LineSplitter', () => {
  it('gives lines without their breaks, also of the kind of Windows, and the last one at the end', () => {
    const splitter = new LineSplitter()
    assert.deepEqual(splitter.push(bytes('one\ntwo\r\n\nth')), ['one', 'two', ''])
    assert.deepEqual(splitter.push(bytes('ree')), [])
    assert.deepEqual([splitter.end(), splitter.end()], [['three'], []])
  })

  it('gives the same lines however the bytes are cut, also through letters', () => {
    const lines = fc.array(fc.string({ unit: 'grapheme' }).filter(text => !/[\r\n]/.test(text)))
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 7 }), (expected, step) => {
        const all = bytes(expected.map(line => `${line}\n`).join(''))
        const splitter = new LineSplitter()
        const got: string[] = []
        for (let at = 0; at < all.length; at += step) got.push(...splitter.push(all.subarray(at, at + step)))
        assert.deepEqual([...got, ...splitter.end()], expected)
      }),
    )
  })

  it('cuts what never ends into pieces', () => {
    const splitter = new LineSplitter()
    const pieces = splitter.push(bytes('x'.repeat(MAX_LINE_CHARS * 2 + 5)))
    assert.deepEqual(
      [...pieces, ...splitter.end()].map(({ length }) => length),
      [MAX_LINE_CHARS, MAX_LINE_CHARS, 5],
    )
  })
})

import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { ends, harmless, pad, truncate, widthOf, wrap } from '../../../cli/render/text.ts'

const RED = '\u001b[31m'
const END = '\u001b[39m'

describe('text in columns', () => {
  it('counts wide characters twice, marks and colours not at all', () => {
    assert.equal(widthOf('abc'), 3)
    assert.equal(widthOf('試料'), 4)
    assert.equal(widthOf('e\u0301'), 1)
    assert.equal(widthOf(`${RED}abc${END}`), 3)
    assert.equal(widthOf('🔬'), 2)
  })

  it('cuts with an ellipsis and closes the colours that it cut', () => {
    assert.equal(truncate('profile', 5), 'prof…')
    assert.equal(truncate('profile', 5, { ascii: true }), 'prof~')
    assert.equal(truncate('profile', 7), 'profile')
    assert.equal(truncate('試料試料', 4), '試…')
    assert.equal(truncate(`${RED}profile${END}`, 5), `${RED}prof…\u001b[0m`)
    assert.equal(truncate('profile', 0), '')
  })

  it('never makes anything wider than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, columns) => {
        assert.ok(widthOf(truncate(text, columns)) <= columns || widthOf(text) <= columns)
      }),
    )
  })

  it('pads by columns, not by characters', () => {
    assert.equal(pad('試', 4), '試  ')
    assert.equal(pad('7', 3, 'right'), '  7')
  })

  it('puts two texts at the ends of a line and cuts the left one when both do not fit', () => {
    assert.equal(ends('left', 'right', 14), 'left     right')
    assert.equal(ends('a long left text', 'right', 14), 'a long…  right')
  })

  it('breaks prose at blanks and indents what follows', () => {
    assert.equal(wrap('one two three', 9), 'one two\nthree')
    assert.equal(wrap('one two three', 9, 2), 'one two\n  three')
    assert.equal(wrap('unbreakable', 4), 'unbreakable')
    assert.equal(wrap('a\nb', 9, 2), 'a\n  b')
  })

  it('keeps control characters of foreign texts out, but line breaks and tabs in', () => {
    assert.equal(harmless('a\u001b[2Jb\u0007c\r\n\td'), 'abc\n\td')
  })
})

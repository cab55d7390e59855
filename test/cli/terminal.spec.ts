import assert from 'node:assert/strict'
import { PLAIN } from '../../cli/render/colours.ts'
import { speaksUnicode, surfaceOf, wantsColour } from '../../cli/terminal.ts'

const TTY = { isTTY: true, columns: 100 }

describe('the terminal', () => {
  it('has colours on a TTY unless NO_COLOR or a dumb terminal says otherwise', () => {
    assert.equal(wantsColour(TTY, {}), true)
    assert.equal(wantsColour({}, {}), false)
    assert.equal(wantsColour(TTY, { NO_COLOR: '1' }), false)
    assert.equal(wantsColour(TTY, { NO_COLOR: '' }), true)
    assert.equal(wantsColour(TTY, { TERM: 'dumb' }), false)
  })

  it('has colours anywhere with FORCE_COLOR, which --no-color overrules', () => {
    assert.equal(wantsColour({}, { FORCE_COLOR: '1', NO_COLOR: '1' }), true)
    assert.equal(wantsColour(TTY, { FORCE_COLOR: '0' }), false)
    assert.equal(surfaceOf(TTY, { FORCE_COLOR: '1' }, { noColour: true, now: 0 }).palette, PLAIN)
  })

  it('draws in ASCII when the locale is not UTF-8; LC_ALL decides over LANG', () => {
    assert.equal(speaksUnicode({}), true)
    assert.equal(speaksUnicode({ LANG: 'de_CH.UTF-8' }), true)
    assert.equal(speaksUnicode({ LC_ALL: 'C', LANG: 'de_CH.UTF-8' }), false)
    assert.equal(speaksUnicode({ LC_ALL: '', LANG: 'C.utf8' }), true)
  })

  it('is 80 columns wide when nobody knows, and never absurdly narrow or wide', () => {
    const columns = (stream: object, env = {}) => surfaceOf(stream, env, { now: 0 }).columns
    assert.equal(columns({}), 80)
    assert.equal(columns(TTY), 100)
    assert.equal(columns({}, { COLUMNS: '90' }), 90)
    assert.equal(columns({ columns: 3 }), 40)
    assert.equal(columns({ columns: 500 }), 140)
  })
})

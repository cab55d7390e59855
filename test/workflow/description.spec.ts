import assert from 'node:assert/strict'
import { readDescription } from '../../src/workflow/description.ts'

describe('readDescription', () => {
  it('is the first line of the leading docstring', () => {
    assert.equal(readDescription('/** Branch into lanes. */\nimport x'), 'Branch into lanes.')
    assert.equal(readDescription('/**\n * Branch into lanes\n * and join them.\n */'), 'Branch into lanes')
    assert.equal(readDescription('/**\r\n\r\n   Plain text. \r\n*/'), 'Plain text.')
  })

  it('may stand behind a #! line, line comments and a licence', () => {
    assert.equal(readDescription('\uFEFF#!/usr/bin/env lf\n\n// x /** no */\n/* Licence **/\n/** Yes. */'), 'Yes.')
    assert.equal(readDescription('/**/ /** Yes. */'), 'Yes.')
  })

  it('is empty without one', () => {
    for (const source of ['', 'import x\n/** late */', '/* plain */', '/** open', '// only', '/***/ x', '/** */']) {
      assert.equal(readDescription(source), '', source)
    }
  })
})

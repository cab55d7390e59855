import assert from 'node:assert/strict'
import { MAX_LINE_CHARS, OutputLines } from '../../src/workers/output-lines.ts'

describe('the lines of a task', () => {
  let lines: string[]
  let output: OutputLines
  beforeEach(() => {
    lines = []
    output = new OutputLines((stream, line) => lines.push(`${stream}: ${line}`))
  })

  it('are the same however the text was cut', () => {
    const text = 'one\ntwo\r\n\nfour'
    for (let size = 1; size <= text.length; size++) {
      for (let start = 0; start < text.length; start += size) output.push('stdout', text.slice(start, start + size))
      output.end()
      assert.deepEqual(lines.splice(0), ['stdout: one', 'stdout: two', 'stdout: ', 'stdout: four'])
    }
  })

  it('keep the streams apart', () => {
    output.push('stdout', 'a')
    output.push('stderr', 'b\n')
    output.push('stdout', 'c\n')
    assert.deepEqual(lines, ['stderr: b', 'stdout: ac'])
  })

  it('are cut when they do not end, and say by how much', () => {
    for (let part = 0; part < 10; part++) output.push('stdout', 'x'.repeat(MAX_LINE_CHARS / 4))
    output.push('stdout', '\nnext')
    output.end()
    assert.deepEqual(lines, [
      `stdout: ${'x'.repeat(MAX_LINE_CHARS)} … (${(MAX_LINE_CHARS / 4) * 6} more characters)`,
      'stdout: next',
    ])
  })

  it('end with nothing when nothing is left', () => {
    output.push('stdout', 'all\n')
    output.end()
    output.end()
    assert.deepEqual(lines, ['stdout: all'])
  })
})

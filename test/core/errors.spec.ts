import assert from 'node:assert/strict'
import { LightflowError, fromErrorRecord, hasCode, isLightflowError, toErrorRecord } from '../../src/core/errors.ts'

describe('errors', () => {
  it('become plain data with code, message and hint', () => {
    const error = new LightflowError('LF_NAME', 'That is no name.', { hint: 'Use another.', cause: new Error('why') })
    assert.deepEqual(toErrorRecord(error), { code: 'LF_NAME', message: 'That is no name.', hint: 'Use another.' })
    assert.equal((error.cause as Error).message, 'why')
    assert.deepEqual(toErrorRecord(new LightflowError('LF_X', 'x')), { code: 'LF_X', message: 'x' })
  })

  it('of user code keep their stack and their text code, others get the fallback', () => {
    const missing = Object.assign(new Error('no file'), { code: 'ENOENT' })
    assert.deepEqual(toErrorRecord(missing), { code: 'ENOENT', message: 'no file', stack: missing.stack })
    assert.equal(toErrorRecord(Object.assign(new Error('x'), { code: 23 }), 'LF_TASK_FAILED').code, 'LF_TASK_FAILED')
    assert.equal(toErrorRecord({ message: 'like an error' }).message, 'like an error')
  })

  it('can be anything that is thrown', () => {
    assert.deepEqual(toErrorRecord('just text'), { code: 'LF_UNEXPECTED', message: 'just text' })
    for (const thrown of [undefined, null, 5, Symbol('x'), [], () => 1])
      assert.equal(typeof toErrorRecord(thrown).message, 'string')
    const unreadable = [
      Object.create(null),
      { get message(): string { throw new Error('no') } }, // oxfmt-ignore
      { message: Object.create(null) },
      new Proxy({}, { get: () => { throw new Error('no') } }), // oxfmt-ignore
    ]
    for (const thrown of unreadable) {
      assert.deepEqual(toErrorRecord(thrown), {
        code: 'LF_UNEXPECTED',
        message: 'something was thrown that cannot be read',
      })
    }
  })

  it('come back from plain data', () => {
    const error = fromErrorRecord({ code: 'LF_X', message: 'x', hint: 'do y', stack: 'at home' })
    assert.deepEqual([error.code, error.message, error.hint, error.stack], ['LF_X', 'x', 'do y', 'at home'])
    assert.ok(isLightflowError(error) && hasCode(error, 'LF_X') && !hasCode(error, 'LF_Y'))
  })

  it('are told apart from others by their brand and code', () => {
    assert.ok(!isLightflowError(new Error('x')) && !isLightflowError(null) && !isLightflowError({ code: 'LF_X' }))
    assert.ok(hasCode({ code: 'LF_X' }, 'LF_X') && !hasCode(undefined, 'LF_X'))
  })
})

import assert from 'node:assert/strict'
import { describeEnd } from '../../../src/workers/threads/describe-end.ts'

const LIMIT_MB = 100

describe('the end of a thread', () => {
  it('before it was ready is a failure to start, with what the system said', () => {
    const error = { code: 'ERR_WORKER_INIT_FAILED', message: 'EAGAIN' }
    const said = describeEnd({ error, exitCode: 1, wasReady: false }, LIMIT_MB)
    assert.equal(said.code, 'LF_WORKER_NOT_STARTED')
    assert.match(said.message, /EAGAIN/)
    assert.equal(describeEnd({ error: null, exitCode: 1, wasReady: false }, LIMIT_MB).code, 'LF_WORKER_NOT_STARTED')
  })

  it('by memory names the limit, whoever noticed', () => {
    const error = { code: 'ERR_WORKER_OUT_OF_MEMORY', message: 'JS heap out of memory' }
    const said = describeEnd({ error, exitCode: 1, wasReady: true }, LIMIT_MB)
    assert.equal(said.code, 'LF_TASK_OUT_OF_MEMORY')
    assert.match(said.message, /100 MB/)
    assert.deepEqual(describeEnd({ error: said, exitCode: 1, wasReady: true }, LIMIT_MB), said)
  })

  it('by an error keeps its stack', () => {
    const error = { code: 'LF_TASK_CRASHED', message: 'boom', stack: 'Error: boom\n    at fit (fit.ts:3)' }
    const said = describeEnd({ error, exitCode: 1, wasReady: true }, LIMIT_MB)
    assert.deepEqual([said.code, said.stack], ['LF_TASK_CRASHED', error.stack])
    assert.match(said.message, /boom/)
  })

  it('without any error is an exit, with its code', () => {
    const said = describeEnd({ error: null, exitCode: 0, wasReady: true }, LIMIT_MB)
    assert.deepEqual([said.code, /process\.exit\(0\)/.test(said.message)], ['LF_TASK_EXITED', true])
  })
})

import assert from 'node:assert/strict'
import { Quiet, QUIET_AFTER_MS } from '../../src/supervisor/quiet.ts'

describe('quiet', () => {
  it('is where nothing of tasks was heard for a while', () => {
    const quiet = new Quiet()
    assert.equal(quiet.isQuiet(0), true)
    assert.equal(quiet.noteWork(1000), true)
    assert.equal(quiet.isQuiet(1000 + QUIET_AFTER_MS - 1), false)
    assert.equal(quiet.isQuiet(1000 + QUIET_AFTER_MS), true)
  })

  it('ends once for work that goes on', () => {
    const quiet = new Quiet()
    quiet.noteWork(1000)
    assert.equal(quiet.noteWork(2000), false)
    assert.equal(quiet.isQuiet(1000 + QUIET_AFTER_MS), false)
    assert.equal(quiet.noteWork(2000 + QUIET_AFTER_MS), true)
  })
})

import assert from 'node:assert/strict'
import { describeRun, findOnPath } from '../../src/lease/run-meta.ts'

const run = { id: 'scan-x', workflow: 'scan', submittedBy: 'me@hutch', startedAt: null }

describe('what a run notes of itself', () => {
  it('is found by dotted paths, and a prefix gives all below it', () => {
    const meta = describeRun(run, {})
    assert.deepEqual(
      ['run', 'startedAt', 'log', 'log.main:1', 'run.x', 'nothing'].map(path => findOnPath(meta, path)),
      ['scan-x', null, {}, undefined, undefined, undefined],
    )
  })

  it('is found under names with dots: the longest that fits is meant', () => {
    const log = { a: { 'b.c': 1 }, 'a.b': { c: 2 }, 'a.b.c': 3 }
    assert.deepEqual(
      ['a', 'a.b.c', 'a.b', 'a.b.c.d'].map(path => findOnPath(log, path)),
      [{ 'b.c': 1 }, 3, { c: 2 }, undefined],
    )
  })
})

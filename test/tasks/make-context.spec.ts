import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeContext } from '../../src/tasks/make-context.ts'
import type { Context } from '../../src/workflow/context.ts'

describe('context of an attempt', () => {
  let folder: string
  let context: Context

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lightflow-context-'))
    const scratch = join(folder, 'run', 'dag', 'task')
    const names = { taskName: 'task', dagName: 'dag:1', workflowName: 'w', runId: 'r', peerName: 'p', peerHost: 'h' }
    context = makeContext({ ...names, attempt: 1, epoch: 3, scratch })
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('makes the scratch folder when the task first looks at it, and not before', () => {
    assert.deepEqual([context.taskName, context.epoch], ['task', 3])
    assert.equal(existsSync(join(folder, 'run')), false)
    assert.equal(existsSync(context.scratch), true)
    assert.equal(context.scratch, join(folder, 'run', 'dag', 'task'))
  })

  it('cannot be changed', () => {
    assert.throws(() => Object.assign(context, { epoch: 4 }), TypeError)
  })
})

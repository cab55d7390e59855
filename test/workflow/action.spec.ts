import assert from 'node:assert/strict'
import { Action } from '../../src/workflow/action.ts'
import { MultiTaskData } from '../../src/workflow/multi-task-data.ts'
import { makeTask } from './tasks.ts'

describe('Action', () => {
  it('limits by task and by name; null means all', () => {
    const data = new MultiTaskData()
    assert.deepEqual(new Action(data, { limit: [makeTask('lane1'), 'lane2'] }).limit, ['lane1', 'lane2'])
    assert.deepEqual(new Action(data, { limit: [] }).limit, [])
    assert.equal(new Action(data).limit, null)
  })

  it('refuses what is no data and what is no task', () => {
    assert.throws(() => new Action(undefined as never), { code: 'LF_ACTION' })
    assert.throws(() => new Action(new MultiTaskData(), { limit: 'lane1' as never }), { code: 'LF_ACTION' })
    assert.throws(() => new Action(new MultiTaskData(), { limit: ['lane1', undefined as never] }), {
      code: 'LF_ACTION',
      message: /Entry 2/,
    })
  })

  it('copies with its data', () => {
    const data = new MultiTaskData()
    data.set('x', 1)
    const copy = new Action(data, { limit: ['a'] }).copy()
    copy.data.set('x', 2)
    assert.deepEqual([data.get('x'), copy.limit], [1, ['a']])
  })
})

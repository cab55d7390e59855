import assert from 'node:assert/strict'
import { Resources } from '../../src/supervisor/resources.ts'
import { settle } from '../support/manual-clock.ts'

describe('resources', () => {
  it('are counted down and up, each for itself', () => {
    const resources = new Resources({ gpu: 2, disk: 1 })
    resources.take('task:gpu=1')
    assert.deepEqual(
      ['task:gpu=1', 'task:gpu=2', 'task:disk=1', 'task', 'task:other=1'].map(queue => resources.fits(queue)),
      [true, false, true, true, false],
    )
    resources.give('task:gpu=1')
    assert.equal(resources.fits('task:gpu=2'), true)
  })

  it('go to a task that resumes before new claims see them, in the order of asking', async () => {
    const resources = new Resources({ gpu: 2 })
    resources.take('task:gpu=1')
    resources.take('task:gpu=1')
    const resumed: string[] = []
    const first = resources.resume('task:gpu=2').then(() => resumed.push('first'))
    const second = resources.resume('task:gpu=1').then(() => resumed.push('second'))
    resources.give('task:gpu=1')
    await settle()
    assert.deepEqual(resumed, [], 'the first needs both')
    assert.equal(resources.fits('task:gpu=1'), false, 'a new one does not overtake')
    resources.give('task:gpu=1')
    await first
    assert.deepEqual(resumed, ['first'])
    resources.give('task:gpu=2')
    await second
    assert.deepEqual([resources.fits('task:gpu=1'), resources.fits('task:gpu=2')], [true, false])
  })
})

import assert from 'node:assert/strict'
import {
  checkAmounts,
  describeServed,
  leastNeedy,
  nodeCommand,
  parseQueue,
  queueWithNeeds,
  servedQueues,
  serves,
} from '../../src/workflow/needs.ts'

describe('needs', () => {
  it('make a queue of their own, the same one in whatever order they are written', () => {
    assert.equal(queueWithNeeds('task', { gpu: 1, disk: 2 }), 'task:disk=2,gpu=1')
    assert.equal(queueWithNeeds('task', { disk: 2, gpu: 1 }), 'task:disk=2,gpu=1')
    assert.equal(queueWithNeeds('task', {}), 'task')
    assert.deepEqual(parseQueue('task:disk=2,gpu=1'), { queue: 'task', needs: { disk: 2, gpu: 1 } })
    assert.deepEqual(parseQueue('task'), { queue: 'task', needs: {} })
  })

  it('are served by whoever has enough of everything', () => {
    const served = servedQueues(['task', 'night'], { gpu: 2, disk: 1 })
    assert.equal(served.length, 12)
    for (const queue of ['task', 'night', 'task:gpu=1', 'night:gpu=2', 'task:disk=1,gpu=2']) {
      assert.ok(served.includes(queue), queue)
      assert.ok(serves(describeServed(served), queue), queue)
    }
    for (const queue of ['task:gpu=3', 'task:disk=2', 'day', 'task:licence=1']) {
      assert.ok(!served.includes(queue), queue)
      assert.ok(!serves(describeServed(served), queue), queue)
    }
    assert.deepEqual(describeServed(served), { queues: ['task', 'night'], resources: { gpu: 2, disk: 1 } })
  })

  it('are told as what to type, and by the least of them', () => {
    assert.equal(nodeCommand(['task'], 'task'), 'lf node')
    assert.equal(nodeCommand(['gpu'], 'task'), 'lf node --queues gpu')
    assert.equal(nodeCommand(['task:gpu=1', 'task:gpu=2'], 'task'), 'lf node --resource gpu=2')
    assert.equal(nodeCommand(['task', 'night:gpu=1'], 'task'), 'lf node --queues task,night --resource gpu=1')
    assert.deepEqual(leastNeedy(servedQueues(['task'], { gpu: 2 }).slice(1)), ['task:gpu=1'])
    assert.deepEqual(leastNeedy(['task:gpu=1', 'night:gpu=2']), ['task:gpu=1', 'night:gpu=2'])
  })

  it('are refused unless they are a few names with whole numbers', () => {
    assert.deepEqual(checkAmounts('It needs', { gpu: 1 }), { gpu: 1 })
    const wrong = [
      null,
      5,
      'gpu',
      ['gpu'],
      { gpu: 0 },
      { gpu: 1.5 },
      { gpu: '1' },
      { gpu: 257 },
      { 'a=b': 1 },
      { 'a,b': 1 },
    ]
    for (const given of [...wrong, { a: 1, b: 1, c: 1, d: 1, e: 1 }]) {
      assert.throws(() => checkAmounts('The task "fit" needs', given), {
        code: 'LF_NEEDS',
        message: /^The task "fit" needs/,
      })
    }
    assert.throws(() => checkAmounts('It needs', { 'a:b': 1 }), { code: 'LF_NAME' })
    assert.throws(() => servedQueues(['task'], { gpu: 256, disk: 256 }), { code: 'LF_NEEDS' })
  })
})

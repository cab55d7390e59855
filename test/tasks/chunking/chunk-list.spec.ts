import assert from 'node:assert/strict'
import { chunkList, decimated } from '../../../src/tasks/chunking/chunk-list.ts'

const consecutive = { pattern: /^([a-z])\d/, flushString: '|', forceConsecutive: true }

describe('chunkList', () => {
  it('makes a chunk of what follows each other and is equal in the group of the pattern', () => {
    const { complete, open } = chunkList(['a1', 'a2', 'b1', 'a3'], consecutive)
    assert.deepEqual([complete, open], [[['a1', 'a2'], ['b1']], ['a3']])
  })

  it('ends a chunk at the flush string, also between equal ones, and makes no empty ones', () => {
    const { complete, open } = chunkList(['|', 'a1', '|', '|', 'a2', '|'], consecutive)
    assert.deepEqual([complete, open], [[['a1'], ['a2']], []])
  })

  it('leaves out what the pattern does not find, without ending a chunk', () => {
    assert.deepEqual(chunkList(['a1', 'notes', 'a2'], consecutive).open, ['a1', 'a2'])
  })

  it('compares the group named match before the first group, and all that was found without groups', () => {
    const named = { ...consecutive, pattern: /(\w)(?<match>\d)/ }
    assert.deepEqual(chunkList(['a1', 'b1', 'b2'], named), { complete: [['a1', 'b1']], open: ['b2'] })
    const plain = { ...consecutive, pattern: /\d$/ }
    assert.deepEqual(chunkList(['a1', 'b1', 'b2'], plain), { complete: [['a1', 'b1']], open: ['b2'] })
  })

  it('else makes one chunk of all that are equal, wherever they are', () => {
    const { complete, open } = chunkList(['a1', 'b1', 'a2', '|', 'b2'], { ...consecutive, forceConsecutive: false })
    assert.deepEqual(
      [complete, open],
      [
        [
          ['a1', 'a2'],
          ['b1', 'b2'],
        ],
        [],
      ],
    )
  })
})

describe('decimated', () => {
  it('keeps every n-th entry, beginning with the first', () => {
    assert.deepEqual(decimated(['a', 'b', 'c', 'd', 'e'], 2), ['a', 'c', 'e'])
    assert.deepEqual(decimated(['a', 'b'], 5), ['a'])
    assert.deepEqual(decimated(['a', 'b'], 1), ['a', 'b'])
  })
})

import assert from 'node:assert/strict'
import { type FoundFile, Settling } from '../../../src/tasks/triggers/settling.ts'

const file = (path: string, mtime: number, size = 1): FoundFile => ({
  path,
  mtimeNs: BigInt(mtime),
  size: BigInt(size),
})

describe('Settling', () => {
  let settling: Settling
  beforeEach(() => {
    settling = new Settling({ settleMs: 100, holdMs: 1000 })
  })

  const ready = (): string[] =>
    Array.from({ length: settling.ready }, (_, index) => settling.at(index)?.path ?? 'missing')

  it('takes a file as complete when two looks found the same, a settle time apart', () => {
    settling.observe([file('a', 1)], 0)
    assert.deepEqual([ready(), settling.unready, settling.nextMs(40)], [[], 1, 60])
    settling.observe([file('a', 1)], 99)
    assert.deepEqual(ready(), [])
    settling.observe([file('a', 1)], 100)
    assert.deepEqual([ready(), settling.unready, settling.nextMs(100)], [['a'], 0, null])
  })

  it('is not deceived by one look, however long ago', () => {
    settling = new Settling({ settleMs: 0, holdMs: 1000 })
    settling.observe([file('a', 1)], 0)
    assert.deepEqual(ready(), [])
    settling.observe([file('a', 1)], 0)
    assert.deepEqual(ready(), ['a'])
  })

  it('begins anew when time or size change, together or alone', () => {
    settling.observe([file('a', 1), file('b', 1)], 0)
    settling.observe([file('a', 2), file('b', 1, 2)], 100)
    settling.observe([file('a', 2), file('b', 1, 2)], 199)
    assert.deepEqual(ready(), [])
    settling.observe([file('a', 2), file('b', 1, 2)], 200)
    assert.deepEqual(ready(), ['b', 'a'])
  })

  it('gives them by time, then by name', () => {
    const files = [file('c', 5), file('b', 7), file('a', 7), file('d', 1)]
    for (const nowMs of [0, 100]) settling.observe(files, nowMs)
    assert.deepEqual(ready(), ['d', 'c', 'a', 'b'])
  })

  it('lets one wait for another that is before it and was seen later', () => {
    settling.observe([file('second', 2)], 0)
    settling.observe([file('first', 1), file('second', 2)], 100)
    assert.deepEqual([ready(), settling.unready], [[], 2])
    settling.observe([file('first', 1), file('second', 2)], 200)
    assert.deepEqual(ready(), ['first', 'second'])
  })

  it('lets none wait for one that does not come to rest', () => {
    for (let nowMs = 0; nowMs < 1000; nowMs += 100) {
      settling.observe([file('restless', 1, nowMs), file('a', 2)], nowMs)
      assert.deepEqual(ready(), [], `after ${nowMs} ms`)
    }
    settling.observe([file('restless', 1, 1000), file('a', 2)], 1000)
    assert.deepEqual(ready(), ['a'])
  })

  it('forgets what is gone', () => {
    for (const nowMs of [0, 100]) settling.observe([file('a', 1), file('b', 2)], nowMs)
    settling.observe([file('b', 2)], 150)
    assert.deepEqual(ready(), ['b'])
  })

  it('hands over the first, and what a closer look finds changed begins anew', () => {
    for (const nowMs of [0, 100]) settling.observe([file('a', 1), file('b', 2), file('c', 3)], nowMs)
    settling.drop()
    assert.deepEqual(ready(), ['b', 'c'])
    settling.correct('b', file('b', 9), 100)
    assert.deepEqual([ready(), settling.unready], [['c'], 1])
    settling.correct('c', null, 100)
    assert.deepEqual(ready(), [])
  })
})

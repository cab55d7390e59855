import assert from 'node:assert/strict'
import { idleLimit, idleToEnd } from '../../../src/workers/threads/decide-idle.ts'

describe('Idle threads', () => {
  const ended = (idle: string): string | undefined => {
    const threads = Array.from(idle, (letter, index) => ({ bundleFile: letter === '-' ? null : letter, index }))
    const thread = idleToEnd(threads)
    return thread === undefined ? undefined : `${thread.bundleFile ?? '-'}${thread.index}`
  }

  it('go when they have been idle for longest, where each workflow has one', () => {
    assert.deepEqual([ended('abc'), ended('')], ['a0', undefined])
  })

  it('go of the workflow that has the most, the one that has been idle for longest', () => {
    assert.deepEqual(['abcb', 'abba', 'aabbb', 'cccc'].map(ended), ['b1', 'a0', 'b2', 'c0'])
  })

  it('are one for each of seven workflows that take turns with two threads, where eight are kept', () => {
    let idle: string[] = []
    const missing: string[] = []
    for (const workflow of 'abcdefgabcdefgabcdefg') {
      const own = idle.filter(each => each === workflow).length
      missing.push(own === 0 ? workflow : '')
      idle = [...idle.filter(each => each !== workflow), workflow, workflow]
      while (idle.length > 8) {
        const gone = idleToEnd(idle.map((bundleFile, place) => ({ bundleFile, place })))
        idle = idle.filter((_, place) => place !== gone?.place)
      }
    }
    assert.equal(missing.join(''), 'abcdefg', 'each workflow starts a thread in its first turn alone')
  })

  it('are kept for what may still begin, and eight in any case', () => {
    const limits = [0, 20, 32, 40].map(running => idleLimit({ maxIdle: 8, capacity: 32, running }))
    assert.deepEqual(limits, [32, 12, 8, 8])
  })
})

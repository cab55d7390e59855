import assert from 'node:assert/strict'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { TransientMap, TransientSet } from '../../src/core/transient.ts'

/** Each of some 8 KB. */
const WORDS = 1000
const UNDER_WAY = 100
const ADDED_BETWEEN = 150
const COLLECTIONS = 20

describe('a map of what is under way', () => {
  it('has what was put in and not taken out, in that order, however much came and went', () => {
    const map = new TransientMap<number, string>()
    for (let key = 0; key < 5000; key++) {
      map.set(key, `value ${key}`)
      if (key >= 200) assert.equal(map.delete(key - 200), true)
    }
    assert.equal(map.size, 200)
    assert.deepEqual(
      [...map.keys()],
      Array.from({ length: 200 }, (_, index) => 4800 + index),
    )
    assert.deepEqual([...map][0], [4800, 'value 4800'])
    assert.equal(map.get(4799), undefined)
    assert.equal(map.has(4999), true)
    assert.equal(map.delete(4799), false)
    map.clear()
    assert.deepEqual([map.size, [...map.values()]], [0, []])
  })

  it('lets go of what is over before everything is collected', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void
    const map = new TransientMap<string, number[]>()
    collect({ type: 'major' })
    const before = oldBytes()
    for (let count = 0; count < COLLECTIONS * ADDED_BETWEEN; count++) {
      map.set(
        `key ${count}`,
        Array.from({ length: WORDS }, () => count),
      )
      map.delete(`key ${count - UNDER_WAY}`)
      if (count % ADDED_BETWEEN === 0) collect({ type: 'minor' })
    }
    assert.equal(map.size, UNDER_WAY)
    const kept = oldBytes() - before
    const passed = COLLECTIONS * ADDED_BETWEEN * WORDS * 8
    assert.ok(kept < passed / 4, `${kept} bytes of the ${passed} that passed through have become old`)
  })
})

describe('a set of what is under way', () => {
  it('has what was put in and not taken out, in that order', () => {
    const set = new TransientSet<number>()
    for (let value = 0; value < 1000; value++) {
      set.add(value)
      if (value >= 3) set.delete(value - 3)
    }
    assert.deepEqual([...set], [997, 998, 999])
    assert.deepEqual([set.size, set.has(996), set.has(997)], [3, false, true])
  })
})

function oldBytes(): number {
  const old = getHeapSpaceStatistics().filter(({ space_name }) => space_name.startsWith('old'))
  return old.reduce((sum, { space_used_size }) => sum + space_used_size, 0)
}

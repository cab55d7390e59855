import assert from 'node:assert/strict'
import { plainData } from '../../../cli/render/plain-data.ts'

describe('task data as JSON', () => {
  it('keeps the values of typed arrays, maps, sets, dates and big integers', () => {
    const data = {
      q: Float32Array.from([0.5, 1]),
      counts: BigInt64Array.from([3n]),
      bytes: Buffer.from([1, 2]),
      map: new Map([[1, 'a']]),
      set: new Set(['b']),
      when: new Date(0),
      run: () => 1,
    }
    assert.deepEqual(JSON.parse(JSON.stringify(plainData(data))), {
      q: [0.5, 1],
      counts: ['3'],
      bytes: [1, 2],
      map: { 1: 'a' },
      set: ['b'],
      when: '1970-01-01T00:00:00.000Z',
    })
  })

  it('survives a circle, and shows twice what is there twice', () => {
    const shared = { x: 1 }
    const circle: Record<string, unknown> = { a: shared, b: shared }
    circle['self'] = circle
    assert.deepEqual(plainData(circle), { a: { x: 1 }, b: { x: 1 }, self: '[circular]' })
  })
})

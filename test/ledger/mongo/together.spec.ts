import assert from 'node:assert/strict'
import { Together } from '../../../src/ledger/mongo/together.ts'

describe('work that is asked for together', () => {
  const together = (mostItems = 10, mostGroups = 1) => new Together<number, number>({ mostItems, mostGroups })

  /** Work that ends when it is told to. */
  function heldWork() {
    const groups: number[][] = []
    const ends: (() => void)[] = []
    const work = async (items: readonly number[]): Promise<PromiseSettledResult<number>[]> => {
      groups.push([...items])
      await new Promise<void>(resolve => ends.push(resolve))
      return items.map(value => ({ status: 'fulfilled', value: value * 10 }))
    }
    return { groups, work, endNext: () => ends.shift()?.() }
  }
  const turn = () => new Promise(resolve => setImmediate(resolve))

  it('is done at once when there is nothing else, and what comes meanwhile as one group afterwards', async () => {
    const { groups, work, endNext } = heldWork()
    const one = together()
    const results = [1, 2, 3].map(async (item, index) => {
      if (index > 0) await turn()
      return one.do(item, work)
    })
    await turn()
    await turn()
    assert.deepEqual(groups, [[1]])
    endNext()
    await turn()
    assert.deepEqual(groups, [[1], [2, 3]])
    endNext()
    assert.deepEqual(await Promise.all(results), [10, 20, 30])
  })

  it('is done in groups that are not too large', async () => {
    const { groups, work, endNext } = heldWork()
    const one = together(2)
    const results = Promise.all([1, 2, 3].map(item => one.do(item, work)))
    for (let group = 0; group < 2; group++) {
      await turn()
      endNext()
    }
    assert.deepEqual(await results, [10, 20, 30])
    assert.deepEqual(groups, [[1, 2], [3]])
  })

  it('is not held up by a group that takes long, while another may be under way', async () => {
    const { groups, work, endNext } = heldWork()
    const two = together(10, 2)
    const first = two.do(1, work)
    await turn()
    const second = two.do(2, work)
    await turn()
    assert.deepEqual(groups, [[1], [2]])
    endNext()
    endNext()
    await Promise.all([first, second])
  })

  it('tells each its own failure, and all of a group what failed for all', async () => {
    const one = together()
    const failing = async (items: readonly number[]): Promise<PromiseSettledResult<number>[]> =>
      items.map(value => (value === 1 ? { status: 'rejected', reason: 'one' } : { status: 'fulfilled', value }))
    assert.deepEqual(await Promise.allSettled([one.do(1, failing), one.do(2, failing)]), [
      { status: 'rejected', reason: 'one' },
      { status: 'fulfilled', value: 2 },
    ])
    const broken = async (): Promise<never> => {
      throw new Error('all')
    }
    const [left, right] = await Promise.allSettled([one.do(1, broken), one.do(2, broken)])
    assert.deepEqual([left.status, right.status], ['rejected', 'rejected'])
    await assert.doesNotReject(one.do(5, async () => [{ status: 'fulfilled', value: 5 }]))
  })
})

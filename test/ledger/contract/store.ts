import assert from 'node:assert/strict'
import type { StoreWrite } from '../../../src/lease/store-write.ts'
import { DONE, dagPlan, id, refused, stale, type Bench } from './bench.ts'

type Write = StoreWrite extends infer Each ? (Each extends StoreWrite ? Omit<Each, 'section'> : never) : never

export function describeStore(bench: () => Bench): void {
  describe('the store', () => {
    async function store(overrides = {}) {
      await bench().session('s')
      await bench().submit('r', [dagPlan('main', ['a', 'b'])], overrides)
      const { claim } = await bench().claim('s', id('r', 'a'))
      const write = (write: Write) => bench().ledger.storeWrite(claim, { ...write, section: 'data' })
      const set = (path: string, value: unknown) => write({ kind: 'set', path, value })
      const get = (path: string) => bench().ledger.storeGet('r', 'data', path)
      return { claim, write, set, get }
    }

    it('keeps values of every kind', async () => {
      const { set, get } = await store()
      const values: [string, unknown][] = [
        ['number', 1.5],
        ['text', 'é'],
        ['no', false],
        ['nothing', null],
        ['list', [1, 'two', { three: 3 }]],
        ['long', Array.from({ length: 70_000 }, (_, index) => index)],
        ['empty', {}],
        ['none', []],
        ['date', new Date(5)],
        ['map', new Map([['file.dat', 1]])],
        ['bytes', new Uint8Array([1, 2])],
        ['wide', new Float64Array([1, 2])],
        ['big', 2n ** 70n],
      ]
      for (const [path, value] of values) await set(path, value)
      for (const [path, value] of values) assert.deepEqual(await get(path), value, path)
    })

    it('has nothing where nothing was put', async () => {
      const { get } = await store()
      assert.equal(await get('nowhere'), undefined)
      assert.equal(await get('nowhere.deep'), undefined)
    })

    it('spreads objects, and puts them together again at every level', async () => {
      const { set, get } = await store()
      const value = { a: 1, b: { c: [1, 2], d: {}, e: { f: 'x' } } }
      await set('results', value)
      assert.deepEqual(await get('results'), value)
      assert.deepEqual(await get('results.b'), value.b)
      assert.deepEqual(await get('results.b.e.f'), 'x')
      await set('results.b.e.g', 2)
      assert.deepEqual(await get('results.b.e'), { f: 'x', g: 2 })
    })

    it('lets many write side by side', async () => {
      const { set, get } = await store()
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => set(`results.${String(index).padStart(4, '0')}`, index)),
      )
      const results = (await get('results')) as Record<string, number>
      assert.equal(Object.keys(results).length, 50)
      assert.equal(results['0049'], 49)
    })

    it('replaces what was there, below and above', async () => {
      const { set, get } = await store()
      await set('a', { b: { c: 1 }, x: 2 })
      await set('a.b', 5)
      assert.deepEqual(await get('a'), { b: 5, x: 2 })
      await set('a.b.c', 6)
      assert.deepEqual(await get('a'), { b: { c: 6 }, x: 2 })
      await set('a', {})
      assert.deepEqual(await get('a'), {})
      await set('a.y', 1)
      assert.deepEqual(await get('a'), { y: 1 })
      await set('a', { z: 0 })
      assert.deepEqual(await get('a'), { z: 0 })
    })

    it('does not take a neighbour for something below', async () => {
      const { set, get } = await store()
      for (const path of ['a', 'ab', 'a-b', 'a!', 'a/b']) await set(path, { x: path })
      await set('a', 1)
      for (const path of ['ab', 'a-b', 'a!', 'a/b']) assert.deepEqual(await get(path), { x: path })
    })

    it('appends to lists, one value or many', async () => {
      const { write, set, get } = await store()
      await write({ kind: 'push', path: 'list', value: 1 })
      await write({ kind: 'push', path: 'list', value: [2, 3] })
      await write({ kind: 'extend', path: 'list', value: [4, { five: 5 }] })
      await write({ kind: 'extend', path: 'list', value: [] })
      assert.deepEqual(await get('list'), [1, [2, 3], 4, { five: 5 }])
      await set('deep.list', ['x'])
      await write({ kind: 'push', path: 'deep.list', value: 'y' })
      assert.deepEqual(await get('deep'), { list: ['x', 'y'] })
      await write({ kind: 'extend', path: 'new', value: [] })
      assert.deepEqual(await get('new'), [])
    })

    it('loses nothing when many append at once', async () => {
      const { write, get } = await store()
      await Promise.all(Array.from({ length: 100 }, (_, value) => write({ kind: 'push', path: 'list', value })))
      const list = (await get('list')) as number[]
      assert.deepEqual(
        list.sort((one, other) => one - other),
        Array.from({ length: 100 }, (_, index) => index),
      )
    })

    it('does once what is repeated under the same operation id, also at the same time and after other writes', async () => {
      const { claim, set, get } = await store()
      const again = (kind: 'push' | 'extend' | 'increment', path: string, value: unknown, operation: string) =>
        bench().ledger.storeWrite(claim, { kind, section: 'data', path, value } as StoreWrite, operation)
      const once = () => [
        again('push', 'x.list', 1, 'one'),
        again('extend', 'x.list', [2, 3], 'two'),
        again('increment', 'x.sum', 5, 'three'),
      ]
      await Promise.all([...once(), ...once()])
      await again('push', 'x.list', 4, 'four')
      await again('increment', 'x.sum', 5, 'five')
      for (const write of once()) await write
      const list = (await get('x.list')) as number[]
      assert.deepEqual(
        list.sort((left, right) => left - right),
        [1, 2, 3, 4],
      )
      assert.equal(await get('x.sum'), 10)
      await set('x.list', [])
      await Promise.all(once())
      assert.deepEqual(await get('x.list'), [])
      await bench().ledger.release(claim, { reason: 'test', notBefore: null, uncounted: true })
      await refused(again('push', 'x.list', 1, 'one'), 'LF_CLAIM_LOST')
    })

    it('adds to numbers', async () => {
      const { write, set, get } = await store()
      await Promise.all(Array.from({ length: 20 }, () => write({ kind: 'increment', path: 'count', value: 2 })))
      assert.equal(await get('count'), 40)
      await set('x.y', 0.5)
      await write({ kind: 'increment', path: 'x.y', value: -1 })
      assert.equal(await get('x.y'), -0.5)
    })

    it('deletes a value and all below it', async () => {
      const { write, set, get } = await store()
      await set('a', { b: 1, c: { d: 2 } })
      await write({ kind: 'delete', path: 'a.c' })
      assert.deepEqual(await get('a'), { b: 1 })
      await write({ kind: 'delete', path: 'a' })
      await write({ kind: 'delete', path: 'a' })
      assert.equal(await get('a'), undefined)
    })

    it('refuses to append to or to count with what is of another type, and changes nothing', async () => {
      const { write, set, get } = await store()
      const value = { object: { x: 1 }, text: 'x', list: [1], number: 1 }
      await set('a', value)
      for (const path of ['a.object', 'a.text', 'a.number', 'a.text.below', 'a']) {
        await refused(write({ kind: 'push', path, value: 1 }), 'LF_STORE_TYPE')
        await refused(write({ kind: 'extend', path, value: [1] }), 'LF_STORE_TYPE')
      }
      for (const path of ['a.object', 'a.text', 'a.list', 'a.list.0', 'a']) {
        await refused(write({ kind: 'increment', path, value: 1 }), 'LF_STORE_TYPE')
      }
      await refused(write({ kind: 'extend', path: 'new', value: 'abc' as unknown as unknown[] }), 'LF_STORE_TYPE')
      await refused(write({ kind: 'increment', path: 'new', value: '1' as unknown as number }), 'LF_STORE_TYPE')
      assert.deepEqual(await get('a'), value)
      assert.equal(await get('new'), undefined)
    })

    it('refuses paths that name no place', async () => {
      const { set, get } = await store()
      for (const path of ['', '.', 'a.', '.a', 'a..b', '__proto__', 'a.constructor', 'x'.repeat(2000)]) {
        await refused(set(path, 1), 'LF_STORE_PATH')
        await refused(get(path), 'LF_STORE_PATH')
      }
      await refused(set('a', { 'b.c': 1 }), 'LF_STORE_PATH', /dot/)
      await refused(set('a', JSON.parse('{"x":{"__proto__":1}}')), 'LF_STORE_PATH')
      assert.equal(({} as Record<string, unknown>).polluted, undefined)
      assert.equal(await get('a'), undefined)
    })

    it('refuses values that cannot be kept', async () => {
      const { set, get } = await store()
      const circle: Record<string, unknown> = {}
      circle.self = circle
      await refused(
        set('a', () => 1),
        'LF_ENCODE',
      )
      await refused(set('a', circle), 'LF_ENCODE')
      await refused(set('a', 'x'.repeat(5_000_000)), 'LF_VALUE_TOO_LARGE')
      assert.equal(await get('a'), undefined)
    })

    it('keeps sections and runs apart', async () => {
      const { set, get } = await store()
      await bench().submit('r2', [dagPlan('main', ['a'])])
      await set('x', 1)
      assert.equal(await get('x'), 1)
      assert.equal(await bench().ledger.storeGet('r', 'meta', 'x'), undefined)
      assert.equal(await bench().ledger.storeGet('r2', 'data', 'x'), undefined)
      await refused(bench().ledger.storeGet('nothing', 'data', 'x'), 'LF_UNKNOWN_RUN')
    })

    it('takes nothing from a claim that is not the current one', async () => {
      const { claim, set, get } = await store()
      const write = { kind: 'set', section: 'data', path: 'x', value: 1 } as const
      await refused(bench().ledger.storeWrite(stale(claim, { claimId: 'other' }), write), 'LF_CLAIM_LOST')
      await bench().ledger.complete(claim, DONE)
      await refused(set('x', 1), 'LF_CLAIM_LOST')
      assert.equal(await get('x'), undefined)
    })

    for (const keepData of [true, false]) {
      it(`${keepData ? 'stays' : 'goes'} when a run ends ${keepData ? 'that keeps' : 'that does not keep'} its data`, async () => {
        const { claim, set, get } = await store({ keepData, args: { folder: '/data' } })
        await set('x.y', 1)
        await bench().ledger.complete(claim, DONE)
        assert.equal(await get('x.y'), 1)
        await bench().run('s', id('r', 'b'))
        assert.equal(await bench().runState('r'), 'succeeded')
        assert.deepEqual([await get('x.y'), await get('folder')], keepData ? [1, '/data'] : [undefined, undefined])
      })
    }

    it('stays when a run does not succeed: it may be tried again', async () => {
      const { claim, set, get } = await store({ keepData: false })
      await set('x', 1)
      await bench().ledger.complete(claim, { ...DONE, outcome: 'failed' })
      assert.equal(await bench().runState('r'), 'failed')
      assert.equal(await get('x'), 1)
    })
  })
}

import assert from 'node:assert/strict'
import { MAX_STORE_VALUE_BYTES } from '../../protocols/limits.ts'
import { HostCalls } from '../../src/tasks/host-calls.ts'
import { makeNotes, makeStore } from '../../src/tasks/make-store.ts'
import { NotingHost } from './attempts.ts'

describe('the store of an attempt', () => {
  function setUp(host = new NotingHost()) {
    return { host, store: makeStore(host, new HostCalls('fit')) }
  }

  it('passes every operation on', async () => {
    const { host, store } = setUp()
    await store.set('a.b', { x: 1 })
    await store.push('list', [1])
    await store.extend('list', [1, 2])
    await store.increment('count')
    await store.increment('count', -2)
    await store.delete('a')
    await store.section('meta').set('m', null)
    assert.deepEqual(
      host.calls.map(([, write]) => write),
      [
        { kind: 'set', section: 'data', path: 'a.b', value: { x: 1 } },
        { kind: 'push', section: 'data', path: 'list', value: [1] },
        { kind: 'extend', section: 'data', path: 'list', value: [1, 2] },
        { kind: 'increment', section: 'data', path: 'count', value: 1 },
        { kind: 'increment', section: 'data', path: 'count', value: -2 },
        { kind: 'delete', section: 'data', path: 'a' },
        { kind: 'set', section: 'meta', path: 'm', value: null },
      ],
    )
  })

  it('gives the fallback only when nothing is there', async () => {
    const values: Record<string, unknown> = { zero: 0, nothing: null }
    const { host, store } = setUp(new NotingHost({ storeGet: (_section: string, path: string) => values[path] }))
    assert.equal(await store.get('missing', 7), 7)
    assert.equal(await store.get('missing'), undefined)
    assert.equal(await store.get('zero', 7), 0)
    assert.equal(await store.get<number | null>('nothing', 7), null)
    assert.deepEqual(host.calls[0], ['storeGet', 'data', 'missing'])
  })

  it('refuses paths that are none', async () => {
    const { host, store } = setUp()
    for (const path of ['', '.', 'a..b', '.a', 'a.', '__proto__.x', 'a.constructor', 5, undefined, 'x'.repeat(1001)]) {
      await assert.rejects(store.set(path as string, 1), { code: 'LF_STORE_PATH' })
      await assert.rejects(store.get(path as string), { code: 'LF_STORE_PATH' })
    }
    assert.throws(() => store.section('other' as 'data'), { code: 'LF_STORE_PATH' })
    assert.deepEqual(host.calls, [])
  })

  it('refuses values that it cannot keep', async () => {
    const { host, store } = setUp()
    await assert.rejects(
      store.set('a', () => {}),
      { code: 'LF_ENCODE' },
    )
    await assert.rejects(store.set('a', undefined), { code: 'LF_STORE_VALUE' })
    await assert.rejects(store.extend('a', 5 as never), { code: 'LF_STORE_VALUE' })
    await assert.rejects(store.increment('a', NaN), { code: 'LF_STORE_VALUE' })
    await assert.rejects(store.set('a', new Uint8Array(MAX_STORE_VALUE_BYTES)), { code: 'LF_VALUE_TOO_LARGE' })
    assert.deepEqual(host.calls, [])
  })

  it('keeps the value as it was at the call', async () => {
    const { host, store } = setUp()
    const value = { x: 1 }
    const writing = store.set('a', value)
    value.x = 2
    await writing
    assert.deepEqual(host.calls, [['storeWrite', { kind: 'set', section: 'data', path: 'a', value: { x: 1 } }]])
  })

  it('passes on what the host refuses', async () => {
    const { store } = setUp(new NotingHost({ storeWrite: () => Promise.reject(new Error('claim lost')) }))
    await assert.rejects(store.set('a', 1), /claim lost/)
  })
})

describe('the notes of a kind of task', () => {
  it('are kept in a part of the section meta of their own, and null where nothing is', async () => {
    const kept = new Map<string, unknown>()
    const host = new NotingHost({
      storeGet: (section: string, path: string) => kept.get(`${section} ${path}`),
      storeWrite: (write: { section: string; path: string; value: unknown }) =>
        void kept.set(`${write.section} ${write.path}`, write.value),
    })
    const notes = makeNotes(host, new HostCalls('fit'))
    assert.equal(await notes.get('files.a'), null)
    await notes.set('files.a', [1])
    assert.deepEqual(await notes.get('files.a'), [1])
    assert.deepEqual([...kept.keys()], ['meta lightflow.files.a'])
  })

  it('cannot be overwritten or deleted by authors', async () => {
    const meta = makeStore(new NotingHost(), new HostCalls('fit'), 'meta')
    for (const path of ['lightflow', 'lightflow.files', 'lightflow.files.a']) {
      await assert.rejects(meta.set(path, 1), { code: 'LF_STORE_PATH' })
      await assert.rejects(meta.delete(path), { code: 'LF_STORE_PATH' })
    }
    await meta.set('files', 1)
  })
})

import assert from 'node:assert/strict'
import { mkdtemp, open, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FilePayloadStore } from '../../../src/payload/files/file-payload-store.ts'
import { PEER, pattern, payloadStoreContract } from '../payload-store.contract.ts'

describe('a payload store in files', () => {
  let folder: string
  const makeStore = (peer = PEER, openFile = open) =>
    new FilePayloadStore({ folder: join(folder, 'kept'), peer, openFile })

  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'lf-payload-'))))
  afterEach(() => rm(folder, { recursive: true }))

  payloadStoreContract(async () => makeStore())

  it('writes large payloads under their hash, and nothing else', async () => {
    const store = makeStore()
    const ref = await store.put(pattern(50_000))
    await store.put(pattern(50))
    assert.deepEqual(await allFiles(folder), [join('kept', ref.hash.slice(0, 2), ref.hash)])
  })

  it('shares its files with the other peers of the host', async () => {
    const ref = await makeStore('one').put(pattern(50_000))
    assert.deepEqual(await makeStore('two').get(ref), pattern(50_000))
    assert.deepEqual((await makeStore('two').put(pattern(50_000))).holders, ['two'])
  })

  it('survives many peers that put the same bytes at once', async () => {
    const refs = await Promise.all(
      Array.from({ length: 20 }, (_, index) => makeStore(`peer-${index}`).put(pattern(90_000))),
    )
    assert.equal((await allFiles(folder)).length, 1)
    assert.deepEqual(await makeStore().get(refs[0] as (typeof refs)[0]), pattern(90_000))
  })

  it('finds out that the disk changed a payload, and repairs it when the same bytes are put again', async () => {
    const store = makeStore()
    const ref = await store.put(pattern(50_000))
    const file = join(folder, 'kept', ref.hash.slice(0, 2), ref.hash)
    await flipOneByte(file)
    await assert.rejects(store.get(ref), { code: 'LF_PAYLOAD_CORRUPT' })
    await store.put(pattern(50_000))
    assert.deepEqual(await store.get(ref), pattern(50_000))
    await truncate(file, 100)
    await assert.rejects(store.get(ref), { code: 'LF_PAYLOAD_CORRUPT' })
    await store.put(pattern(50_000))
    assert.deepEqual(await store.get(ref), pattern(50_000))
  })

  for (const [systemCode, hint] of [
    ['ENOSPC', /disk is full.*LF_HOME/],
    ['EACCES', /may not write.*LF_HOME/],
  ] as const) {
    it(`explains ${systemCode}, and leaves no part behind`, async () => {
      const store = makeStore(PEER, failingOpen(systemCode))
      await assert.rejects(store.put(pattern(50_000)), { code: 'LF_PAYLOAD_NOT_KEPT', hint })
      assert.deepEqual(await allFiles(folder), [])
      const ref = await makeStore().put(pattern(50_000))
      assert.deepEqual(await makeStore().get(ref), pattern(50_000))
    })
  }

  it('explains that its folder cannot be one', async () => {
    await writeFile(join(folder, 'kept'), 'a file')
    await assert.rejects(makeStore().put(pattern(50_000)), { code: 'LF_PAYLOAD_NOT_KEPT', message: /kept/ })
    await assert.rejects(makeStore().get({ hash: 'ab'.repeat(32), sizeBytes: 1, inline: null, holders: [] }), {
      code: 'LF_PAYLOAD_MISSING',
    })
  })
})

/** Opens like the system, but writing to what it opened fails. */
function failingOpen(code: string): typeof open {
  return async (...args) => {
    const handle = await open(...args)
    handle.writeFile = () => Promise.reject(Object.assign(new Error(`${code}: told by the test`), { code }))
    return handle
  }
}

async function flipOneByte(file: string): Promise<void> {
  const bytes = await readFile(file)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  await writeFile(file, bytes)
}

async function allFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

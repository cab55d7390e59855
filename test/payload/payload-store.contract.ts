/** What every payload store keeps to. `makeStore` gives a new, empty one. */
import assert from 'node:assert/strict'
import { MAX_INLINE_PAYLOAD_BYTES } from '../../protocols/limits.ts'
import type { PayloadStore } from '../../src/payload/payload-store.ts'

export const PEER = 'peer-under-test'

export function payloadStoreContract(makeStore: () => Promise<PayloadStore>): void {
  describe('keeps the payload store contract:', () => {
    let store: PayloadStore
    beforeEach(async () => (store = await makeStore()))

    for (const sizeBytes of [0, 1, MAX_INLINE_PAYLOAD_BYTES, MAX_INLINE_PAYLOAD_BYTES + 1, 3_000_000]) {
      it(`gives back ${sizeBytes} bytes as they were`, async () => {
        const bytes = pattern(sizeBytes)
        const ref = await store.put(bytes)
        assert.equal(ref.sizeBytes, sizeBytes)
        assert.deepEqual(await store.get(ref), pattern(sizeBytes))
      })
    }

    it('carries small payloads in the reference, with no holder', async () => {
      const ref = await store.put(pattern(MAX_INLINE_PAYLOAD_BYTES))
      assert.deepEqual(ref.inline, pattern(MAX_INLINE_PAYLOAD_BYTES))
      assert.deepEqual(ref.holders, [])
    })

    it('names itself as the holder of large ones', async () => {
      const ref = await store.put(pattern(MAX_INLINE_PAYLOAD_BYTES + 1))
      assert.equal(ref.inline, null)
      assert.deepEqual(ref.holders, [PEER])
    })

    it('names equal bytes equally and different bytes differently', async () => {
      const [first, second, other] = await Promise.all([
        store.put(pattern(100_000)),
        store.put(pattern(100_000)),
        store.put(pattern(100_001)),
      ])
      assert.equal(first.hash, second.hash)
      assert.notEqual(first.hash, other.hash)
      assert.match(first.hash, /^[0-9a-f]{64}$/)
    })

    it('keeps what was put when the caller reuses its memory', async () => {
      const bytes = pattern(100_000)
      const small = pattern(100)
      const [ref, smallRef] = [await store.put(bytes), await store.put(small)]
      bytes.fill(0)
      small.fill(0)
      assert.deepEqual(await store.get(ref), pattern(100_000))
      assert.deepEqual(await store.get(smallRef), pattern(100))
    })

    it('keeps what was put when a reader changes what it got', async () => {
      for (const sizeBytes of [100, 100_000]) {
        const ref = await store.put(pattern(sizeBytes))
        const got = await store.get(ref)
        got.fill(0)
        assert.deepEqual(await store.get(ref), pattern(sizeBytes))
      }
    })

    it('keeps only the part of the memory that a view shows', async () => {
      const ref = await store.put(pattern(200_000).subarray(1000, 101_000))
      assert.deepEqual(await store.get(ref), pattern(200_000).slice(1000, 101_000))
    })

    it('says which payload is missing and who held it', async () => {
      const ref = { hash: 'ab'.repeat(32), sizeBytes: 40_000, inline: null, holders: ['peer-one', 'peer-two'] }
      await assert.rejects(store.get(ref), {
        code: 'LF_PAYLOAD_MISSING',
        message: /abababababab.*peer-one, peer-two/,
      })
    })

    it('never takes a hash for a path', async () => {
      for (const hash of ['../../../../etc/passwd', '', 'AB'.repeat(32), `${'ab'.repeat(31)}a/`]) {
        const ref = { hash, sizeBytes: 1, inline: null, holders: [] }
        await assert.rejects(store.get(ref), { code: 'LF_PAYLOAD_MISSING' })
      }
    })

    it('refuses inline bytes that are not what the reference names', async () => {
      const ref = await store.put(pattern(10))
      await assert.rejects(store.get({ ...ref, inline: pattern(11) }), { code: 'LF_PAYLOAD_CORRUPT' })
      await assert.rejects(store.get({ ...ref, inline: new Uint8Array(10) }), { code: 'LF_PAYLOAD_CORRUPT' })
    })
  })
}

/** Bytes that differ from place to place, and from size to size. */
export function pattern(sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31 + sizeBytes) % 251)
}

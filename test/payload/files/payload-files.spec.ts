import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { FilePayloadStore } from '../../../src/payload/files/file-payload-store.ts'
import { RunFiles } from '../../../src/payload/files/run-files.ts'
import { Retention } from '../../../src/payload/retention.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { filesIn } from '../support/payload-peers.ts'

const OLD_MS = 60_000
const bytesOf = (fill: number) => Buffer.alloc(50_000, fill)

describe('the payload folder', () => {
  let folder: string
  let store: FilePayloadStore
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lf-payload-'))
    store = new FilePayloadStore({ folder, peer: 'me' })
  })
  afterEach(() => rm(folder, { recursive: true }))

  const retention = (needed: readonly string[] | Error, clock = systemClock) =>
    new Retention(
      {
        files: store.files,
        runFiles: new RunFiles({ folder, random: systemRandom, clock: systemClock }),
        liveRuns: async () => new Set(),
        clock,
        random: systemRandom,
        log: silentLog,
        needed: async () => {
          if (needed instanceof Error) throw needed
          return new Set(needed)
        },
      },
      { retentionMs: OLD_MS },
    )

  async function age(hash: string): Promise<void> {
    const then = (Date.now() - 10 * OLD_MS) / 1000
    await utimes(store.files.pathOf(hash), then, then)
  }

  it('sets a spoilt payload aside when it is read: missing from then on', async () => {
    const ref = await store.put(bytesOf(1))
    await writeFile(store.files.pathOf(ref.hash), bytesOf(2))
    await assert.rejects(store.get(ref), { code: 'LF_PAYLOAD_CORRUPT' })
    await assert.rejects(store.get(ref), { code: 'LF_PAYLOAD_MISSING' })
    assert.deepEqual(await filesIn(folder), [`corrupt/${ref.hash}`])
  })

  it('removes what processes that are gone had begun, and nothing else', async () => {
    const { hash } = await store.put(bytesOf(1))
    const inside = join(folder, hash.slice(0, 2))
    const own = `${hash}.${process.pid}.aabbcc.part`
    await mkdir(inside, { recursive: true })
    for (const name of [`${hash}.4000001.aabbcc.part`, `${hash}.4000002.aabbcc.part`, own, 'note.part']) {
      await writeFile(join(inside, name), 'x')
    }
    assert.equal(await store.files.removeAbandonedParts(pid => pid === 4_000_002), 1)
    assert.deepEqual(
      (await readdir(inside)).toSorted(),
      [hash, `${hash}.4000002.aabbcc.part`, own, 'note.part'].toSorted(),
    )
    // Longer ago than any process lives that happens to have the same number.
    for (const name of [own, `${hash}.4000002.aabbcc.part`]) await utimes(join(inside, name), 1, 1)
    assert.equal(await store.files.removeAbandonedParts(() => true), 2)
  })

  it('removes old payloads that no run needs, and marks the others anew', async () => {
    const [old, needed, fresh] = await Promise.all([1, 2, 3].map(fill => store.put(bytesOf(fill))))
    await age(old?.hash ?? '')
    await age(needed?.hash ?? '')
    assert.equal(await retention([needed?.hash ?? '']).round(), 1)
    await assert.rejects(store.get(old as never), { code: 'LF_PAYLOAD_MISSING' })
    // Once it is not needed any more, it stays for the retention time from now on.
    assert.equal(await retention([]).round(), 0)
    for (const ref of [needed, fresh]) await store.get(ref as never)
  })

  it('removes nothing when nobody can say what is needed', async () => {
    const ref = await store.put(bytesOf(1))
    await age(ref.hash)
    await assert.rejects(retention(new Error('no ledger')).round(), /no ledger/)
    await store.get(ref)
  })

  it('keeps a payload that is put again while it is being removed', async () => {
    const ref = await store.put(bytesOf(1))
    await age(ref.hash)
    const beforeMs = Date.now() - OLD_MS
    for (const first of ['put', 'remove']) {
      const works = [() => store.put(bytesOf(1)), () => store.files.removeOld(ref.hash, beforeMs)]
      if (first === 'remove') works.reverse()
      await Promise.all(works.map(work => work()))
      assert.deepEqual(Buffer.from(await store.get(ref)), bytesOf(1))
      assert.deepEqual(await filesIn(folder), [`${ref.hash.slice(0, 2)}/${ref.hash}`])
      await age(ref.hash)
    }
  })

  it('looks again and again, until it is stopped', async () => {
    const clock = new ManualClock()
    const watch = retention([], clock)
    watch.start()
    assert.equal(clock.pending, 1)
    await clock.advance(2 * 60 * 60 * 1000)
    await eventually(() => clock.pending === 1)
    await watch.stop()
    assert.equal(clock.pending, 0)
  })
})

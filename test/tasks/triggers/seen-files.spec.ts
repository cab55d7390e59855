import assert from 'node:assert/strict'
import { type SeenMark, SeenFiles } from '../../../src/tasks/triggers/seen-files.ts'
import type { FoundFile } from '../../../src/tasks/triggers/settling.ts'

const file = (path: string, mtime = 1, size = 1): FoundFile => ({ path, mtimeNs: BigInt(mtime), size: BigInt(size) })
const files = (from: number, to: number): FoundFile[] =>
  Array.from({ length: to - from }, (_, index) => file(`f${from + index}`))

describe('SeenFiles', () => {
  let kept: Map<number, Uint8Array>
  const pages = {
    readPage: async (page: number) => kept.get(page) ?? new Uint8Array(),
    writePage: async (page: number, bytes: Uint8Array) => void kept.set(page, bytes),
  }
  const make = (ignoreRewritten = false): SeenFiles => new SeenFiles(pages, { task: 'watch', ignoreRewritten })
  const reloaded = async (mark: SeenMark): Promise<SeenFiles> => {
    const seen = make()
    await seen.load(structuredClone(mark))
    return seen
  }

  beforeEach(() => {
    kept = new Map()
  })

  it('knows a file by path, time and size', async () => {
    const seen = make()
    await seen.add([file('a', 1, 1)])
    const known = [file('a', 1, 1), file('a', 2, 1), file('a', 1, 2), file('b', 1, 1)].map(one => seen.has(one))
    assert.deepEqual(known, [true, false, false, false])
  })

  it('or by its path alone, when files that are written anew are not to come again', async () => {
    const seen = make(true)
    await seen.add([file('a', 1, 1)])
    assert.deepEqual([seen.has(file('a', 2, 2)), seen.has(file('b', 1, 1))], [true, false])
  })

  it('is found again by its mark, whatever the number of files', async () => {
    for (const count of [0, 1, 511, 512, 513, 1500, 20_000]) {
      kept.clear()
      const seen = make()
      for (let from = 0; from < count; from += 700) await seen.add(files(from, Math.min(from + 700, count)))
      const again = await reloaded(seen.mark())
      assert.equal(again.size, count)
      assert.ok(files(0, count).every(one => again.has(one)))
      assert.ok(!again.has(file('another')))
    }
  })

  it('keeps the mark small, which is written with every batch', async () => {
    const seen = make()
    for (let from = 0; from < 3000; from += 5) {
      await seen.add(files(from, from + 5))
      assert.ok(seen.mark()[1].byteLength <= 512 * 16)
    }
    assert.ok(kept.size > 0)
  })

  it('goes on from an older mark although pages were written after it', async () => {
    const seen = make()
    await seen.add(files(0, 500))
    const mark = structuredClone(seen.mark())
    await seen.add(files(500, 600))
    assert.equal(kept.size, 1, 'the page was turned')
    const again = await reloaded(mark)
    assert.deepEqual([again.size, again.has(file('f500'))], [500, false])
    await again.add(files(550, 700))
    const last = await reloaded(again.mark())
    assert.deepEqual(
      ['f499', 'f549', 'f550', 'f699'].map(name => last.has(file(name))),
      [true, false, true, true],
    )
  })
})

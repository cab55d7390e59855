import assert from 'node:assert/strict'
import { systemClock } from '../../src/core/clock.ts'
import { isWorthTidying, tidyAfter, TidyHeap } from '../../src/core/tidy-heap.ts'
import { ManualClock } from '../support/manual-clock.ts'

const MIB = 1024 * 1024

describe('a heap that is tidied up', () => {
  it('is one that has grown, in a thread that has nothing to do', () => {
    const grown = { heapBytes: 50 * MIB, keptBytes: 30 * MIB, cpuShare: 0.01, sinceWorkMs: Infinity }
    assert.equal(isWorthTidying(grown), true)
    assert.equal(isWorthTidying({ ...grown, cpuShare: 0.5 }), false)
    assert.equal(isWorthTidying({ ...grown, heapBytes: 33 * MIB }), false)
    assert.equal(isWorthTidying({ ...grown, sinceWorkMs: 60_000 }), false)
  })

  it('is not one of a program with much in it that has grown by little: the more is kept, the longer it stands still', () => {
    const large = { heapBytes: 1050 * MIB, keptBytes: 1000 * MIB, cpuShare: 0.01, sinceWorkMs: Infinity }
    assert.equal(isWorthTidying(large), false)
    assert.equal(isWorthTidying({ ...large, heapBytes: 1200 * MIB }), true)
  })

  it('is collected once, and again after it has grown', async () => {
    const { clock, heap, tidy } = setUp()
    tidy.start()
    await clock.advance(60_000)
    assert.equal(heap.collections, 1)
    heap.bytes = 80 * MIB
    await clock.advance(60_000)
    assert.equal(heap.collections, 2)
    tidy.stop()
    assert.equal(clock.pending, 0)
  })

  it('is left alone while the thread is at work', async () => {
    const { clock, heap, tidy } = setUp()
    heap.busy = 0.5
    tidy.start()
    await clock.advance(60_000)
    assert.equal(heap.collections, 0)
    heap.busy = 0
    await clock.advance(20_000)
    assert.equal(heap.collections, 1)
    tidy.stop()
  })

  it('is left alone for some minutes after work, so that what comes next finds its code compiled', async () => {
    const { clock, heap, tidy } = setUp()
    tidy.start()
    tidy.noteWork()
    await clock.advance(300_000)
    assert.equal(heap.collections, 0)
    tidy.noteWork()
    await clock.advance(300_000)
    assert.equal(heap.collections, 0)
    await clock.advance(20_000)
    assert.equal(heap.collections, 1)
    tidy.stop()
  })

  it('is collected at once after something that left much, and only then', async () => {
    const looks: number[] = []
    for (const heapBytes of [35 * MIB, 80 * MIB]) {
      const collect = async () => void looks.push(heapBytes)
      await tidyAfter(20 * MIB, { heapBytes: () => heapBytes, collect })
    }
    assert.deepEqual(looks, [80 * MIB])
  })

  it('stays as it is where it cannot be collected', async () => {
    const { clock, tidy } = setUp(async () => assert.fail('no inspector in this build'))
    tidy.start()
    await clock.advance(60_000)
    assert.equal(clock.pending, 1)
    tidy.stop()
  })

  it('really gets smaller', async () => {
    const clock = new ManualClock()
    let garbage: unknown[] | null = Array.from({ length: 300_000 }, (_, index) => ({ index }))
    const before = process.memoryUsage().heapTotal
    assert.equal(garbage.length, 300_000)
    garbage = null
    const tidy = new TidyHeap({ clock, cpuMs: () => 0 })
    tidy.start()
    void clock.advance(10_000)
    const untilMs = systemClock.monotonicMs() + 5000
    while (process.memoryUsage().heapTotal >= before && systemClock.monotonicMs() < untilMs) await systemClock.sleep(5)
    tidy.stop()
    assert.ok(process.memoryUsage().heapTotal < before)
  })
})

function setUp(fails?: () => Promise<void>) {
  const clock = new ManualClock()
  const heap = { bytes: 60 * MIB, busy: 0, collections: 0 }
  const collect = async () => {
    heap.collections++
    heap.bytes = 30 * MIB
  }
  const tidy = new TidyHeap({
    clock,
    heapBytes: () => heap.bytes,
    cpuMs: () => clock.monotonicMs() * heap.busy,
    collect: fails ?? collect,
  })
  return { clock, heap, tidy }
}

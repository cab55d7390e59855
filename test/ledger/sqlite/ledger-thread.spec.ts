import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import type { Worker } from 'node:worker_threads'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { dagPlan, newRun, refused } from '../contract/bench.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe("the ledger's thread", () => {
  it('is told together what is asked together; what cannot travel takes nothing else along', async () => {
    const folder = await temporaryFolder()
    const threads: Worker[] = []
    const remember = (thread: Worker) => void threads.push(thread)
    process.on('worker', remember)
    try {
      const options = { path: `${folder.path}/ledger.sqlite`, clock: systemClock, random: systemRandom, create: true }
      const ledger = await openSqliteLedger(options)
      const [thread] = threads
      assert.ok(thread)
      let messages = 0
      const post = thread.postMessage.bind(thread)
      thread.postMessage = (...args: Parameters<Worker['postMessage']>) => {
        post(...args)
        messages += 1
      }
      await Promise.all(['a', 'b', 'c'].map(hash => ledger.putBundle(hash, new Uint8Array(1))))
      assert.equal(messages, 1)
      const unsendable = ledger.getBundle((() => {}) as unknown as string)
      const outcomes = await Promise.allSettled([ledger.getBundle('a'), unsendable, ledger.getBundle('b')])
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      const last = ledger.putBundle('d', new Uint8Array(1))
      const closed = ledger.close()
      await refused(last, 'LF_LEDGER_CLOSED')
      await closed
      const again = await openSqliteLedger(options)
      // What was asked before the end was carried out.
      assert.notEqual(await again.getBundle('d'), undefined)
      await again.close()
    } finally {
      process.off('worker', remember)
      await folder.remove()
    }
  })

  it('tells of a submission when others see it, before it answers', async () => {
    const folder = await temporaryFolder()
    const path = `${folder.path}/ledger.sqlite`
    const ledger = await openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
    const seen: unknown[] = []
    const other = new DatabaseSync(path)
    const look = () => void seen.push(other.prepare('SELECT id FROM runs').all().length)
    await ledger.submit(newRun('r', [dagPlan('main', ['a'])]), look)
    assert.deepEqual(seen, [1])
    other.close()
    await ledger.close()
    await folder.remove()
  })

  it('takes nobody along when it dies: every call is rejected', async () => {
    const folder = await temporaryFolder()
    const threads: Worker[] = []
    let other: DatabaseSync | null = null
    const remember = (thread: Worker) => void threads.push(thread)
    process.on('worker', remember)
    try {
      const options = { path: `${folder.path}/ledger.sqlite`, clock: systemClock, random: systemRandom, create: true }
      const ledger = await openSqliteLedger(options)
      // While somebody else writes, none of the calls can be answered before the thread dies.
      other = new DatabaseSync(options.path)
      other.exec('BEGIN IMMEDIATE')
      const calls = Array.from({ length: 5 }, () => ledger.putBundle('h', new Uint8Array(1_000_000)))
      const rejections = Promise.all(calls.map(call => refused(call, 'LF_LEDGER_THREAD')))
      await threads[0]?.terminate()
      await rejections
      await refused(ledger.runs({ limit: 1 }), 'LF_LEDGER_THREAD')
      await ledger.close()
      assert.equal(threads.length, 1)
    } finally {
      process.off('worker', remember)
      other?.close()
      await folder.remove()
    }
  })
})

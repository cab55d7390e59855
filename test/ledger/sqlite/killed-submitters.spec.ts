import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { MAX_TASKS_PER_PART } from '../../../src/ledger/ledger-limits.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { Bench, newTools } from '../contract/bench.ts'
import { temporaryFolder } from './temporary-folder.ts'

const PEER = fileURLToPath(new URL('./peer-process.ts', import.meta.url))
const COUNT = 4 * MAX_TASKS_PER_PART
/** Moments at which a submitter is killed: after this line, and so many milliseconds later. */
const MOMENTS = [
  ['submits', 0],
  ['submits', 5],
  ['submits', 30],
  ['submits', 60],
  ['submitted', 0],
  ['wrote', 0],
] as const

describe('a submitter that is killed', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let submitter: ChildProcessByStdio<null, Readable, null>

  beforeEach(async () => {
    folder = await temporaryFolder()
  })

  afterEach(async () => {
    submitter.kill('SIGKILL')
    await folder.remove()
  })

  for (const [line, afterMs] of MOMENTS) {
    it(`${afterMs} ms after it said "${line}" has submitted the run whole, or not at all`, async function () {
      this.timeout(60_000)
      const path = `${folder.path}/ledger.sqlite`
      submitter = spawn(process.execPath, [PEER, path, 'submitter', 'submit', String(COUNT)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const told = new Set<string>()
      const lines = createInterface(submitter.stdout)
      for await (const each of lines) {
        told.add(each)
        if (each === line) break
      }
      await delay(afterMs)
      submitter.kill('SIGKILL')
      await once(submitter, 'exit')
      const ledger = await openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
      try {
        const bench = new Bench(ledger, newTools())
        const run = await ledger.runHead('r')
        assert.ok(run !== undefined || line === 'submits', 'what was acknowledged is lost')
        if (run === undefined) return
        const before = await ledger.taskCounts('r')
        await bench.write()
        const after = { ready: COUNT / 2, blocked: COUNT / 2 }
        assert.deepEqual([sum(before), await ledger.taskCounts('r')], [COUNT, after])
        await bench.session('s')
        await bench.run('s', 'r/main:1/t0')
        assert.equal(await bench.state(`r/main:1/t${COUNT / 2}`), 'ready')
      } finally {
        await ledger.close()
      }
    })
  }
})

function sum(counts: Partial<Record<string, number>>): number {
  return Object.values(counts).reduce<number>((all, count = 0) => all + count, 0)
}

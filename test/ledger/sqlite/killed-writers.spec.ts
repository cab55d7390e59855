import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../src/core/clock.ts'
import { seededRandom, systemRandom } from '../../../src/core/random.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { eventually } from '../../support/eventually.ts'
import { Bench, dagPlan, newTools } from '../contract/bench.ts'
import { temporaryFolder } from './temporary-folder.ts'

const PEER = fileURLToPath(new URL('./peer-process.ts', import.meta.url))
const ROUNDS = 3
const WRITERS = 2
const TASKS = 1500

describe('writers that are killed at any moment', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let path: string
  let writers: ChildProcessByStdio<null, Readable, null>[]

  beforeEach(async () => {
    folder = await temporaryFolder()
    path = `${folder.path}/ledger.sqlite`
    writers = []
  })

  afterEach(async () => {
    for (const writer of writers) writer.kill('SIGKILL')
    await folder.remove()
  })

  /** Kills each writer somewhere in its work; returns all that was acknowledged until then. */
  async function killSome(round: number, random: () => number): Promise<string[]> {
    const acknowledged: string[] = []
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, index) => {
        const args = [PEER, path, `writer-${round}-${index}`, 'tell']
        const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
        writers.push(writer)
        const own: string[] = []
        const lines = createInterface(writer.stdout).on('line', line => own.push(line))
        const enough = 2 + Math.floor(random() * 60)
        await eventually(() => own.length >= enough, 20_000, 1)
        writer.kill('SIGKILL')
        await once(lines, 'close')
        const done = own.filter(line => line.startsWith('done '))
        acknowledged.push(...done.map(line => line.slice('done '.length)))
      }),
    )
    return acknowledged
  }

  function integrity(): unknown {
    const file = new DatabaseSync(path)
    try {
      return file.prepare('PRAGMA integrity_check').get()?.['integrity_check']
    } finally {
      file.close()
    }
  }

  it('leave a sound file in which all that was acknowledged is there, once', async function () {
    this.timeout(60_000)
    const open = () => openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
    const first = await open()
    const names = Array.from({ length: TASKS }, (_, index) => `t${index}`)
    await new Bench(first, newTools()).submit('r', [dagPlan('main', names)])
    await first.close()
    const random = seededRandom(11)
    const acknowledged: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      acknowledged.push(...(await killSome(round, () => random.float())))
      assert.equal(integrity(), 'ok')
      const ledger = await open()
      const tasks = new Map((await ledger.tasks('r')).map(task => [task.name, task]))
      await ledger.close()
      const missing = acknowledged.filter(name => tasks.get(name)?.state !== 'done')
      assert.deepEqual(missing, [])
    }
    assert.equal(new Set(acknowledged).size, acknowledged.length)
    assert.ok(acknowledged.length >= ROUNDS * WRITERS)
  })
})

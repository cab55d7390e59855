import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { Bench, dagPlan, id, newTools, refused } from '../contract/bench.ts'
import { temporaryFolder } from './temporary-folder.ts'

const call = promisify(execFile)
const DISK_BYTES = 3 * 1024 * 1024
const BUNDLE_BYTES = 200_000

describe('an SQLite ledger on a disk that is full', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let ledger: Ledger | undefined

  beforeEach(async function () {
    folder = await temporaryFolder()
    try {
      await call('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder.path])
    } catch {
      await folder.remove()
      // Only root may make a disk of its own; the limit of pages in group-commit.spec.ts tests the same without.
      this.skip()
    }
  })

  afterEach(async () => {
    await ledger?.close()
    ledger = undefined
    await call('umount', [folder.path])
    await folder.remove()
  })

  it('says so, loses nothing, and goes on when there is room', async () => {
    const path = `${folder.path}/ledger.sqlite`
    await writeFile(`${folder.path}/filler`, Buffer.alloc(DISK_BYTES / 3))
    ledger = await openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
    const bench = new Bench(ledger, newTools())
    await bench.session('p')
    await bench.submit('r', [dagPlan('main', ['a', 'b'])])
    const kept = await fill(ledger)
    assert.ok(kept > 0)
    await refused(ledger.putBundle('more', new Uint8Array(BUNDLE_BYTES)), 'LF_LEDGER_FULL', /Free some space/)
    assert.equal((await ledger.getBundle('bundle 0'))?.byteLength, BUNDLE_BYTES)
    assert.equal((await ledger.tasks('r')).length, 2)
    await rm(`${folder.path}/filler`)
    await ledger.putBundle('more', new Uint8Array(BUNDLE_BYTES))
    await bench.run('p', id('r', 'a'))
    assert.equal(await ledger.beat('p', 1, { busy: 0, connected: [], addrs: [], draining: false }), 'ok')
    await ledger.close()
    ledger = undefined
    const file = new DatabaseSync(path)
    assert.equal(file.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
    file.close()
  })
})

/** Writes until the disk is full; returns how many were kept. */
async function fill(ledger: Ledger): Promise<number> {
  for (let kept = 0; ; kept++) {
    try {
      await ledger.putBundle(`bundle ${kept}`, new Uint8Array(BUNDLE_BYTES))
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'LF_LEDGER_FULL')
      return kept
    }
  }
}

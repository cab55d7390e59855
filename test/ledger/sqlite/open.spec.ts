import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { LOCK_FILE_KEPT_MS } from '../../../src/ledger/ledger-limits.ts'
import { checkLedgerPath } from '../../../src/ledger/sqlite/ledger-path.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { Bench, dagPlan, newTools, refused } from '../contract/bench.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe('opening an SQLite ledger', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>

  beforeEach(async () => {
    folder = await temporaryFolder()
  })

  afterEach(() => folder.remove())

  function open(path: string, create = true) {
    return openSqliteLedger({ path, clock: systemClock, random: systemRandom, create })
  }

  async function readRun(path: string) {
    const ledger = await open(path)
    try {
      return await ledger.run('r')
    } finally {
      await ledger.close()
    }
  }

  it('makes the file and its folder', async () => {
    const path = `${folder.path}/a/b/ledger.sqlite`
    const ledger = await open(path)
    assert.equal(existsSync(path), true)
    assert.deepEqual(ledger.traits, {
      kind: 'sqlite',
      provesDeath: true,
      oneHost: true,
      handsOnWaiting: true,
      passesOn: true,
    })
    assert.match(ledger.incarnation, /^[0-9a-f]{32}$/)
    await ledger.close()
  })

  it('makes nothing when it only looks', async () => {
    const path = `${folder.path}/a/ledger.sqlite`
    await refused(open(path, false), 'LF_NO_LEDGER', /lf node/)
    assert.equal(existsSync(`${folder.path}/a`), false)
    await (await open(path)).close()
    await (await open(path, false)).close()
  })

  it('refuses a folder, a folder that cannot be made, and a place that does not exist', async () => {
    await mkdir(`${folder.path}/folder`)
    await writeFile(`${folder.path}/file`, 'text')
    await refused(open(`${folder.path}/folder`), 'LF_LEDGER_PATH')
    await refused(open(`${folder.path}/file/ledger.sqlite`), 'LF_LEDGER_PATH')
    await refused(open('/proc/nothing/ledger.sqlite'), 'LF_LEDGER_PATH')
  })

  it('refuses a file that is no ledger, and leaves it as it was', async () => {
    const path = `${folder.path}/notes.txt`
    await writeFile(path, 'dear diary\n'.repeat(1000))
    await refused(open(path), 'LF_LEDGER_CORRUPT', /notes\.txt/)
    assert.match(await readFile(path, 'utf8'), /^dear diary\n/)
  })

  it('refuses the database of another program', async () => {
    const path = `${folder.path}/other.sqlite`
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE things (x)')
    other.close()
    await refused(open(path), 'LF_LEDGER_CORRUPT', /another program/)
  })

  it('refuses a ledger that a newer Lightflow made', async () => {
    const path = `${folder.path}/ledger.sqlite`
    await (await open(path)).close()
    const file = new DatabaseSync(path)
    file.exec('PRAGMA user_version = 99')
    file.close()
    await refused(open(path), 'LF_LEDGER_VERSION', /99/)
  })

  it('says so when the file is damaged', async () => {
    const path = `${folder.path}/ledger.sqlite`
    const ledger = await open(path)
    await new Bench(ledger, newTools()).submit('r', [dagPlan('main', ['a'])])
    await ledger.close()
    const bytes = await readFile(path)
    bytes.fill(0xff, 4096)
    await writeFile(path, bytes)
    await refused(readRun(path), 'LF_LEDGER_CORRUPT')
  })

  for (const [name, type] of [
    ['NFS', 0x6969],
    ['SMB', 0xfe534d42 | 0],
    ['GPFS', 0x47504653],
    ['Lustre', 0x0bd00bd0],
    ['FUSE', 0x65735546],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const check = checkLedgerPath(`${folder.path}/ledger.sqlite`, { create: true, typeOf: async () => type })
      await refused(check, 'LF_LEDGER_NETWORK_FS', new RegExp(`${name}.*local disk`, 's'))
    })
  }

  it('rejects what is under way when it is closed, and ends its thread', async () => {
    const ledger = await open(`${folder.path}/ledger.sqlite`)
    const calls = Array.from({ length: 20 }, () => ledger.runs({ limit: 1 }))
    const results = Promise.allSettled(calls)
    await Promise.all([ledger.close(), ledger.close()])
    for (const result of await results) {
      assert.equal(result.status, 'rejected')
      assert.equal((result.reason as { code: string }).code, 'LF_LEDGER_CLOSED')
    }
  })

  it('refuses session ids that are no file names', async () => {
    const ledger = await open(`${folder.path}/ledger.sqlite`)
    try {
      await refused(new Bench(ledger, newTools()).session('../../etc/x'), 'LF_NAME')
      assert.deepEqual(await ledger.sessions(), [])
    } finally {
      await ledger.close()
    }
  })

  it('removes old lock files that nobody holds, and no others', async () => {
    const path = `${folder.path}/ledger.sqlite`
    const ledger = await open(path)
    const bench = new Bench(ledger, newTools())
    const locks = `${path}.sessions`
    try {
      await bench.session('held')
      const longAgo = (Date.now() - LOCK_FILE_KEPT_MS - 60_000) / 1000
      await writeFile(`${locks}/old.lock`, '')
      await writeFile(`${locks}/new.lock`, '')
      await utimes(`${locks}/old.lock`, longAgo, longAgo)
      await utimes(`${locks}/held.lock`, longAgo, longAgo)
      await bench.session('next')
      const left = ['old', 'new', 'held', 'next'].filter(name => existsSync(`${locks}/${name}.lock`))
      assert.deepEqual(left, ['new', 'held', 'next'])
    } finally {
      await ledger.close()
    }
  })
})

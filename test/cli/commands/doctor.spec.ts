import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { DoctorView } from '../../../src/index.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { endAll, lf } from '../support/spawn-lf.ts'

describe('lf doctor', () => {
  let home: string
  let ledger: string

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'lf-doctor-'))
    ledger = join(home, 'ledger.sqlite')
  })

  afterEach(() => {
    endAll()
    rmSync(home, { recursive: true, force: true })
  })

  async function doctor(
    ...args: string[]
  ): Promise<{ exit: number | string; view: DoctorView; row: (name: string) => string }> {
    const { exit, stdout } = await lf(['doctor', '--json', '--no-mdns', '--home', home, ...args])
    const view = JSON.parse(stdout) as DoctorView
    const row = (name: string) => {
      const found = view.checks.find(check => check.name === name)
      return `${found?.state}: ${found?.found} | ${found?.hint ?? ''}`
    }
    return { exit, view, row }
  }

  async function makeLedger(): Promise<void> {
    const opened = await openSqliteLedger({ path: ledger, clock: systemClock, random: systemRandom, create: true })
    for (let index = 0; index < 100; index++) await opened.putBundle(`bundle ${index}`, new Uint8Array(2000).fill(7))
    await opened.close()
  }

  it('finds a fresh home in order, and leaves it as it was', async () => {
    const { exit, view, row } = await doctor()
    assert.equal(exit, 0)
    assert.equal(view.ok, true)
    assert.deepEqual(
      view.checks.map(({ name }) => name),
      ['node', 'open files', 'threads', 'home', 'payloads', 'ledger', 'port'],
    )
    assert.match(row('ledger'), /^ok: none at .* yet/)
    assert.deepEqual(readdirSync(home), [])
  })

  it('finds a sound ledger in order, and leaves no file beside it', async () => {
    await makeLedger()
    const before = readFileSync(ledger)
    const { exit, row } = await doctor('--full')
    assert.equal(exit, 0)
    assert.match(row('integrity'), /^ok: every page and index is sound/)
    assert.match(row('peers'), /^ok: no peer runs/)
    assert.deepEqual(readFileSync(ledger), before)
    assert.deepEqual(readdirSync(home), ['ledger.sqlite'])
  })

  it('sees that a file is damaged in its middle', async () => {
    await makeLedger()
    const bytes = readFileSync(ledger)
    bytes.fill(0xa5, bytes.length / 2, bytes.length / 2 + 8192)
    writeFileSync(ledger, bytes)
    const { exit, view, row } = await doctor()
    assert.equal(exit, 1)
    assert.equal(view.ok, false)
    assert.match(row('integrity'), /^failed: the file is damaged.*restore a backup/)
    assert.match(row('port'), /^ok/)
  })

  it('says what to do with the file of a newer Lightflow', async () => {
    await makeLedger()
    const file = new DatabaseSync(ledger)
    file.exec('PRAGMA user_version = 99')
    file.close()
    const { exit, row } = await doctor()
    assert.equal(exit, 1)
    assert.match(row('ledger'), /^failed: .*newer Lightflow.*Update Lightflow/)
  })

  it('says that no MongoDB server answers, without the password', async () => {
    const uri = 'mongodb://me:secret@127.0.0.1:1/db?replicaSet=rs&serverSelectionTimeoutMS=300'
    const { exit, view, row } = await doctor('--ledger', uri)
    assert.equal(exit, 1)
    assert.match(row('ledger'), /^failed: No MongoDB server answers.*ECONNREFUSED.*Check host names/)
    assert.doesNotMatch(JSON.stringify(view), /secret/)
  })

  it('says that a port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const { exit, row } = await doctor('--listen', `/ip4/127.0.0.1/tcp/${port}`)
      assert.equal(exit, 1)
      assert.match(row('port'), /^failed: the port of .* is taken/)
    } finally {
      server.close()
    }
  })

  it('tells people the same, and ends with 2 when it was typed wrongly', async () => {
    writeFileSync(join(home, 'file'), '')
    const { exit, stdout } = await lf(['doctor', '--no-mdns', '--home', join(home, 'file', 'below')])
    assert.equal(exit, 1)
    // Long paths are wrapped, where it may be.
    assert.match(stdout.replaceAll(/\s+/g, ''), /✗home\S*file\/belowisnotafolder/)
    assert.match(stdout, /What to do: Name another place/)
    assert.ok(stdout.split('\n').every(line => line.length <= 80))
    assert.equal((await lf(['doctor', '--fast'])).exit, 2)
    assert.equal(existsSync(join(home, 'file', 'below')), false)
  })
})

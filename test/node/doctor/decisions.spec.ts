import assert from 'node:assert/strict'
import type { Finding } from '../../../src/node/doctor/check.ts'
import { decideFolder, type FolderFacts, formatBytes } from '../../../src/node/doctor/folder-checks.ts'
import type { FileFacts } from '../../../src/node/doctor/inspection.ts'
import { decideOpenFiles, decideVersions } from '../../../src/node/doctor/machine-checks.ts'
import { decideClock, decideRoundTrip, decideTopology } from '../../../src/node/doctor/mongo-checks.ts'
import { decideMulticast } from '../../../src/node/doctor/multicast-check.ts'
import { decidePort, parseTcpAddress } from '../../../src/node/doctor/port-check.ts'
import { decideDials, decideSessions, type SessionFacts } from '../../../src/node/doctor/session-checks.ts'
import { decideFile, decideFormat } from '../../../src/node/doctor/sqlite-checks.ts'

const GiB = 2 ** 30

/** Whoever finds fault says what to do. */
function assertFinding({ state, found, hint }: Finding, wanted: Finding['state'], text: RegExp): void {
  assert.equal(state, wanted, found)
  assert.match(`${found} | ${hint ?? ''}`, text)
  assert.equal(hint === undefined, wanted === 'ok', 'a hint belongs to what is not in order')
}

describe('what the doctor decides', () => {
  it('about versions', () => {
    assertFinding(decideVersions({ node: '24.21.0', sqlite: '3.53.4' }), 'ok', /Node\.js 24\.21\.0, SQLite 3\.53\.4/)
    assertFinding(decideVersions({ node: '26.0.0', sqlite: '3.53.4' }), 'ok', /26/)
    assertFinding(decideVersions({ node: '24.15.9', sqlite: '3.53.4' }), 'failed', /24\.16 or newer/)
    assertFinding(decideVersions({ node: '24.21.0' }), 'failed', /without SQLite/)
  })

  it('about open files', () => {
    assertFinding(decideOpenFiles('unlimited'), 'ok', /unlimited/)
    assertFinding(decideOpenFiles(1024), 'ok', /1024/)
    assertFinding(decideOpenFiles(256), 'warning', /256.*ulimit -n/)
    assertFinding(decideOpenFiles(64), 'failed', /LimitNOFILE/)
    assertFinding(decideOpenFiles(undefined), 'ok', /cannot be found out/)
  })

  it('about folders', () => {
    const folder: FolderFacts = { path: '/h', kind: 'folder', freeBytes: 100 * GiB }
    const decide = (changes: Partial<FolderFacts>) => decideFolder({ ...folder, ...changes }, 'payloads')
    assertFinding(decide({}), 'ok', /\/h; 100 GiB free/)
    assertFinding(decide({ kind: 'missing' }), 'ok', /made when it is needed/)
    assertFinding(decide({ kind: 'other' }), 'failed', /not a folder/)
    assertFinding(decide({ notWritable: 'no permission' }), 'failed', /cannot be written: no permission.*chown/)
    assertFinding(decide({ kind: 'missing', notWritable: 'no permission' }), 'failed', /cannot be made/)
    assertFinding(decide({ freeBytes: GiB }), 'warning', /1\.0 GiB free.*Make room/)
    assertFinding(decide({ freeBytes: 1000 }), 'failed', /1 KiB free/)
    assertFinding(decide({ network: 'NFS' }), 'warning', /NFS.*payloads on a local disk/)
  })

  it('about ports', () => {
    const address = '/ip4/0.0.0.0/tcp/4100'
    assertFinding(decidePort(address, undefined), 'ok', /can listen on/)
    assertFinding(decidePort(address, 'EADDRINUSE'), 'failed', /taken.*another port/)
    assertFinding(decidePort(address, 'EADDRNOTAVAIL'), 'failed', /not an address of this machine/)
    assertFinding(decidePort(address, 'EACCES'), 'failed', /above 1023/)
    assertFinding(decidePort('4100', 'unreadable'), 'failed', /Addresses look like/)
    assertFinding(decidePort(address, 'EWHATEVER'), 'failed', /EWHATEVER/)
  })

  it('about multicast', () => {
    const eth = { name: 'eth0', address: '10.0.0.1', heard: true }
    const wlan = { name: 'wlan0', address: '10.0.1.1', heard: false }
    assertFinding(decideMulticast([eth]), 'ok', /eth0/)
    assertFinding(decideMulticast([eth, wlan]), 'warning', /do not come back on wlan0; it works on eth0.*--no-mdns/)
    assertFinding(decideMulticast([wlan]), 'warning', /wlan0/)
    assertFinding(decideMulticast([]), 'warning', /no network interface/)
  })

  it('about peers', () => {
    const now = 1_000_000
    const peer = (name: string, changes: Partial<SessionFacts> = {}): SessionFacts => {
      const life = { verdict: 'alive', ttlMs: 20_000, beatAt: now - 900 } as const
      return { id: name, name, host: 'mx1', pid: 7, kind: 'node', addrs: [], ...life, ...changes }
    }
    assertFinding(decideSessions([], now), 'ok', /no peer runs: start one/)
    assertFinding(decideSessions([peer('a'), peer('b')], now), 'ok', /2 peers are alive/)
    const frozen = peer('b', { beatAt: now - 21_000 })
    assertFinding(
      decideSessions([peer('a'), frozen], now),
      'warning',
      /1 peer is alive.*b \(process 7 on mx1\).*kill -CONT/,
    )
    const gone = peer('c', { verdict: 'gone' })
    assertFinding(decideSessions([peer('a'), gone], now), 'warning', /died: c.*look again/)
    assertFinding(decideSessions([gone], now), 'warning', /no peer is alive.*lf node/)
  })

  it('about their addresses', () => {
    const dialled = { name: 'a', host: 'mx1', addrs: ['/ip4/10.0.0.1/tcp/4100'], reached: true }
    assertFinding(decideDials([dialled]), 'ok', /can be dialled/)
    const walled = { ...dialled, name: 'b', reached: false }
    assertFinding(
      decideDials([dialled, walled]),
      'warning',
      /b on mx1 \(\/ip4\/10\.0\.0\.1\/tcp\/4100\).*firewall.*--announce/,
    )
  })

  describe('about a ledger file', () => {
    const facts: FileFacts = {
      version: 1,
      knownVersion: 1,
      fileBytes: 5000,
      logBytes: 0,
      journalMode: 'wal',
    }
    const order = { path: '/l', full: false }

    it('by its version and its log', () => {
      assertFinding(decideFormat('/l', facts), 'ok', /\/l, version 1, 5 KiB, log 0 KiB/)
      assertFinding(decideFormat('/l', { ...facts, knownVersion: 2 }), 'warning', /brings it to version 2/)
      assertFinding(decideFormat('/l', { ...facts, logBytes: GiB }), 'warning', /log 1\.0 GiB.*lsof/)
    })

    it('by what the check of its pages says', () => {
      const decide = (faults: string[]) =>
        decideFile(
          order,
          [
            { kind: 'file', facts },
            { kind: 'integrity', faults },
          ],
          1000,
        )
      assert.deepEqual(
        decide([]).map(({ name, state }) => [name, state]),
        [
          ['ledger', 'ok'],
          ['integrity', 'ok'],
        ],
      )
      const [, damaged] = decide(['Tree 3 page 62: invalid page number'])
      assertFinding(damaged!, 'failed', /damaged: Tree 3 page 62.*restore a backup/)
    })

    it('by how far the check came in its time', () => {
      const [, integrity] = decideFile(
        order,
        [
          { kind: 'file', facts },
          { kind: 'progress', table: 'tasks', done: 4, of: 9 },
        ],
        20_000,
      )
      assertFinding(integrity!, 'warning', /4 of 9 tables, all sound in 20 s.*--full/)
    })

    it('by whether anybody can write', () => {
      const decide = (stopped: string[]) =>
        decideFile(
          order,
          [
            { kind: 'file', facts },
            { kind: 'write-lock', free: false, stopped },
          ],
          1000,
        ).find(({ name }) => name === 'write lock')!
      assertFinding(decide([]), 'failed', /nobody could write.*lsof/)
      assertFinding(decide(['a (process 7)']), 'failed', /a process is stopped: a \(process 7\).*kill -CONT/)
    })

    it('by why it cannot be read', () => {
      const error = { code: 'LF_LEDGER_PATH', message: 'The file /l is damaged.', hint: 'Move it away.' }
      const rows = decideFile(order, [{ kind: 'refused', error }], 1000)
      assert.deepEqual(rows, [
        { name: 'ledger', state: 'failed', found: 'The file /l is damaged', hint: 'Move it away.' },
      ])
    })

    it('with how to get the runs back when it is damaged, before how to lose them', () => {
      const error = { code: 'LF_LEDGER_CORRUPT', message: 'The file /l is damaged.', hint: 'Move it away.' }
      const [row] = decideFile(order, [{ kind: 'refused', error }], 1000)
      assertFinding(row!, 'failed', /restore a backup.*Only when nothing in it matters: move it away/)
    })
  })

  describe('about a replica set', () => {
    const set = { version: '8.0.1', setName: 'rs', primary: 'a:1', hosts: ['a:1', 'b:1', 'c:1'], arbiters: [] }
    const decide = (changes: Partial<Parameters<typeof decideTopology>[1]>) =>
      decideTopology('mongodb://h/db', { ...set, ...changes })

    it('by its members', () => {
      assertFinding(decide({}), 'ok', /MongoDB 8\.0\.1, replica set rs with 3 members, primary a:1/)
      assertFinding(decide({ primary: undefined }), 'failed', /primary missing.*rs\.status/)
      assertFinding(decide({ arbiters: ['d:1'] }), 'warning', /arbiter/)
      assertFinding(decide({ hosts: ['a:1'] }), 'warning', /1 member,.*Three members/)
    })

    it('by its distance and its clock', () => {
      assertFinding(decideRoundTrip(3), 'ok', /3\.0 ms/)
      assertFinding(decideRoundTrip(80), 'warning', /nearer/)
      assertFinding(decideClock(-300), 'ok', /within 0\.3 s/)
      assertFinding(decideClock(5000), 'warning', /5\.0 s behind.*NTP/)
      assertFinding(decideClock(-5000), 'warning', /5\.0 s ahead of/)
    })
  })

  it('reads addresses of all kinds, and no others', () => {
    assert.deepEqual(parseTcpAddress('/ip4/10.0.0.1/tcp/4100'), { host: '10.0.0.1', port: 4100 })
    assert.deepEqual(parseTcpAddress('/ip6/::1/tcp/0/p2p/12D3'), { host: '::1', port: 0 })
    assert.deepEqual(parseTcpAddress('/dns4/mx1.site/tcp/80'), { host: 'mx1.site', port: 80 })
    for (const text of ['', '4100', '/ip4/10.0.0.1/udp/4100', '/ip4/10.0.0.1/tcp/65536', '/ip4//tcp/1']) {
      assert.equal(parseTcpAddress(text), undefined, text)
    }
  })

  it('tells bytes as people read them', () => {
    assert.deepEqual([1, 2 ** 20, 3.25 * GiB, 75 * GiB].map(formatBytes), ['1 KiB', '1 MiB', '3.3 GiB', '75 GiB'])
  })
})

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { SessionDoc } from '../../../src/ledger/mongo/documents.ts'
import { HostLocks } from '../../../src/ledger/mongo/host-locks.ts'
import { temporaryFolder } from '../sqlite/temporary-folder.ts'

const HOLDER = fileURLToPath(new URL('lock-holder.ts', import.meta.url))

describe('liveness of the sessions of one host on a MongoDB ledger', () => {
  let home: string
  let remove: () => Promise<void>
  const open: HostLocks[] = []
  const children: ChildProcess[] = []

  beforeEach(async () => {
    ;({ path: home, remove } = await temporaryFolder())
  })

  afterEach(async () => {
    for (const locks of open.splice(0)) locks.close()
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    }
    await remove()
  })

  function locksOf(folder: string | null, host = hostname()): HostLocks {
    const locks = new HostLocks({ folder, host, turn: { clock: systemClock, random: systemRandom } })
    open.push(locks)
    return locks
  }

  function session(id: string, changes: Partial<SessionDoc> = {}): SessionDoc {
    return { _id: id, host: hostname(), locks: home, startedAt: 1, ...changes } as SessionDoc
  }

  async function processHolding(id: string): Promise<ChildProcess> {
    const child = spawn(process.execPath, [HOLDER, home, id], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    await once(child.stdout, 'data')
    return child
  }

  it('sees that a process lives, and at once that it is gone', async () => {
    const child = await processHolding('s')
    const observer = locksOf(join(home, 'elsewhere'))
    assert.equal(observer.probe(session('s')), 'alive')
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(observer.probe(session('s')), 'gone')
  }).timeout(20_000)

  it('concludes nothing about other hosts, from missing files or without a folder', async () => {
    const locks = locksOf(home)
    assert.equal(locks.probe(session('nowhere')), 'unknown')
    const child = await processHolding('s')
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(locks.probe(session('s', { host: 'another' })), 'unknown')
    assert.equal(locks.probe(session('s', { locks: null })), 'unknown')
    assert.equal(locks.probe(session('s', { locks: join(home, 'not-there') })), 'unknown')
    assert.equal(locks.probe(session('s')), 'gone')
  }).timeout(20_000)

  it('never touches the file of a session of this process, whoever asks', async () => {
    const [own, other] = [locksOf(home), locksOf(home)]
    assert.equal(await own.hold('mine'), true)
    assert.equal(await own.hold('mine'), false)
    assert.equal(other.probe(session('mine')), 'alive')
    own.letGo('mine')
    assert.equal(other.probe(session('mine')), 'unknown')
  })

  it('shows a session as gone when its ledger was closed without a word', async () => {
    const own = locksOf(home)
    await own.hold('mine')
    own.close()
    assert.equal(locksOf(home).probe(session('mine')), 'gone')
  })

  it('has no locks without a folder', async () => {
    const locks = locksOf(null)
    assert.equal(locks.folder, null)
    assert.equal(await locks.hold('s'), true)
    assert.equal(locks.probe(session('s', { locks: null })), 'alive')
    locks.letGo('s')
    assert.equal(locks.probe(session('s', { locks: null })), 'unknown')
  })
})

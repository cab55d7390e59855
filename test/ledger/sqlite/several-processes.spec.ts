import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { eventually } from '../../support/eventually.ts'
import { Bench, dagPlan, DONE, id, newTools, refused } from '../contract/bench.ts'
import { temporaryFolder } from './temporary-folder.ts'

const PEER = fileURLToPath(new URL('./peer-process.ts', import.meta.url))

/** Processes start slowly on a machine that does other things as well. */
const SAYS_WITHIN_MS = 18_000

class Peer {
  readonly process: ChildProcessByStdio<null, Readable, null>
  readonly lines: string[] = []

  constructor(path: string, session: string, mode: 'hold' | 'work') {
    this.process = spawn(process.execPath, [PEER, path, session, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface(this.process.stdout).on('line', line => this.lines.push(line))
  }

  async says(start: string): Promise<string> {
    return eventually(() => this.lines.find(line => line.startsWith(start)), SAYS_WITHIN_MS)
  }

  async exited(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit')
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.exited()
  }
}

describe('an SQLite ledger and several processes', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let path: string
  let peers: Peer[]
  let ledgers: Ledger[]

  beforeEach(async () => {
    folder = await temporaryFolder()
    path = `${folder.path}/deep/ledger.sqlite`
    peers = []
    ledgers = []
  })

  afterEach(async () => {
    await Promise.all(peers.map(peer => peer.kill()))
    await Promise.all(ledgers.map(ledger => ledger.close()))
    await folder.remove()
  })

  async function open(): Promise<Bench> {
    const ledger = await openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: true })
    ledgers.push(ledger)
    return new Bench(ledger, newTools())
  }

  function start(session: string, mode: 'hold' | 'work'): Peer {
    const peer = new Peer(path, session, mode)
    peers.push(peer)
    return peer
  }

  async function verdict(bench: Bench, session: string): Promise<string | undefined> {
    return (await bench.ledger.probe([session]))[0]?.verdict
  }

  it('knows at once that a killed process is gone, and gives its task to another', async () => {
    const here = await open()
    await here.session('here')
    await here.submit('r', [dagPlan('main', ['a'])])
    const peer = start('there', 'hold')
    await peer.says('holds 1')
    assert.equal(await verdict(here, 'there'), 'alive')
    assert.equal(await verdict(here, 'there'), 'alive')
    await peer.kill()
    assert.equal(await verdict(here, 'there'), 'gone')
    assert.equal(await verdict(here, 'here'), 'alive')
    await here.kill('there', 'lock')
    assert.equal((await here.ledger.reclaim(10))[0]?.state, 'ready')
    assert.equal((await here.run('here', id('r', 'a'))).runEnded, 'succeeded')
  })

  it('lets a killed peer come back at once under its own name', async () => {
    const here = await open()
    const peer = start('there', 'hold')
    await peer.says('holds')
    await refused(here.session('again', { peer: 'peer-of-there' }), 'LF_PEER_ALREADY_RUNNING')
    await peer.kill()
    await here.session('again', { peer: 'peer-of-there' })
    const dead = (await here.ledger.sessions(0)).find(({ id }) => id === 'there')
    assert.deepEqual([dead?.deathProof, dead?.buriedBy], ['restart', 'again'])
    assert.deepEqual(readdirSync(`${path}.sessions`).includes('again.lock'), true)
  })

  it('sees each session alive from other ledgers of the same process, and does not drop their locks by looking', async () => {
    const one = await open()
    const two = await open()
    await one.session('one')
    await two.session('two')
    for (let look = 0; look < 3; look++) {
      assert.equal(await verdict(two, 'one'), 'alive')
      assert.equal(await verdict(one, 'two'), 'alive')
    }
    const peer = start('there', 'hold')
    await peer.says('open')
    await refused(two.session('three', { peer: 'peer-of-one' }), 'LF_PEER_ALREADY_RUNNING')
    await one.ledger.close()
    assert.equal(await verdict(two, 'one'), 'gone')
    assert.equal(await verdict(two, 'there'), 'alive')
  })

  it('removes the lock of a session that leaves', async () => {
    const here = await open()
    await here.session('here')
    assert.equal(existsSync(`${path}.sessions/here.lock`), true)
    await here.ledger.closeSession('here')
    assert.equal(existsSync(`${path}.sessions/here.lock`), false)
    await here.session('next', { peer: 'peer-of-here' })
  })

  it('gives every task to exactly one of three processes', async () => {
    const here = await open()
    const names = Array.from({ length: 300 }, (_, index) => `t${index}`)
    const edges = names.flatMap(name => [`start>${name}`, `${name}>end`])
    await here.submit('r', [dagPlan('main', ['start', ...names, 'end'], edges)])
    const workers = ['p1', 'p2', 'p3'].map(session => start(session, 'work'))
    const ran = await Promise.all(workers.map(async peer => JSON.parse(await peer.says('[')) as string[]))
    assert.deepEqual(ran.flat().sort(), ['start', ...names, 'end'].sort())
    assert.equal(await here.runState('r'), 'succeeded')
    const tasks = await here.ledger.tasks('r')
    assert.ok(tasks.every(({ attempts, epoch }) => attempts === 1 && epoch === 1))
    await Promise.all(workers.map(peer => peer.exited()))
    assert.deepEqual(
      workers.map(({ process }) => process.exitCode),
      [0, 0, 0],
    )
    assert.deepEqual(await here.ledger.sessions(), [])
  })

  it('is one ledger for processes that make it at the same moment', async () => {
    const benches = await Promise.all([open(), open(), open(), open()])
    const incarnations = new Set(benches.map(({ ledger }) => ledger.incarnation))
    assert.equal(incarnations.size, 1)
    await benches[0].submit('r', [dagPlan('main', ['a'])])
    assert.equal(await benches[3].runState('r'), 'running')
  })

  it('has everything again after the process was killed', async () => {
    const here = await open()
    await here.submit('r', [dagPlan('main', ['a', 'b'], ['a>b'])])
    const { incarnation } = here.ledger
    await here.ledger.close()
    const peer = start('there', 'hold')
    await peer.says('holds 1')
    await peer.kill()
    const again = await open()
    assert.equal(again.ledger.incarnation, incarnation)
    assert.deepEqual(await again.states('r'), { a: 'claimed', b: 'blocked' })
    const [claim] = await again.ledger.claimsOf('there')
    assert.deepEqual(claim, { task: id('r', 'a'), epoch: 1, claimId: 'held' })
    assert.equal((await again.ledger.complete(claim, DONE)).accepted, true)
  })
})

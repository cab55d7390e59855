import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Client, type MeshEventView, openClient, type PeerHandle, startPeer, version } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'

describe('the library', function () {
  this.timeout(60_000)
  let home: string
  let peer: PeerHandle | undefined
  let client: Client
  const watching = new AbortController()

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    client = await openClient({ home, ledger: `sqlite:${join(home, 'ledger.sqlite')}` })
  })
  after(async () => {
    watching.abort()
    await peer?.stop()
    await client.close()
    await rm(home, { recursive: true, force: true })
  })

  it('starts a peer, submits, waits and looks at everything', async () => {
    const options = { home, ledger: `sqlite:${join(home, 'ledger.sqlite')}`, name: 'alpha', mdns: false, capacity: 1 }
    peer = await startPeer(options)
    const events: MeshEventView[] = []
    const watched = watch(client, watching.signal, events)
    const { run } = await client.start(resolve('examples/simple.ts'))
    const end = await client.wait(run, { signal: AbortSignal.timeout(30_000) })
    assert.deepEqual([end.state, end.tasks], ['succeeded', { done: 2 }])
    assert.deepEqual((await client.runs()).map(each => each.run), [run]) // oxfmt-ignore
    const { dags } = await client.show(run)
    assert.deepEqual(
      dags[0]?.tasks.map(({ task, state, peer: by }) => [task, state, by]),
      [
        ['put', 'done', 'alpha'],
        ['print', 'done', 'alpha'],
      ],
    )
    assert.deepEqual((await client.results(run))[0]?.data, { value: 5 })
    const { peers } = await client.meshStatus()
    assert.deepEqual(peers.map(({ name, state }) => [name, state]), [['alpha', 'alive']]) // oxfmt-ignore
    assert.equal((await client.peer('alpha')).session, peer.session)
    await eventually(() => events.some(({ event }) => event === 'run-ended'))
    const kinds = events.filter(event => event.run === run).map(({ event }) => event)
    for (const kind of ['run-submitted', 'task-started', 'task-succeeded', 'run-ended'] as const) {
      assert.ok(kinds.includes(kind), `${kind} is among ${kinds.join(', ')}`)
    }
    watching.abort()
    await watched
  })

  it('tells what is in the store of a run, and whether it was dropped at the end', async () => {
    const stored = []
    for (const keepData of [true, false]) {
      const { run } = await client.start(resolve('examples/data-store.ts'), { keepData })
      await client.wait(run, { signal: AbortSignal.timeout(30_000) })
      const { value, isDropped } = await client.stored(run, 'scan.number')
      stored.push([value, isDropped])
    }
    assert.deepEqual(stored, [[50, false], [undefined, true]]) // oxfmt-ignore
    await assert.rejects(client.stored('data-store-2222222', 'scan'), { code: 'LF_UNKNOWN_RUN' })
  })

  it('lets a peer drain, and knows its version', async () => {
    assert.ok(peer !== undefined)
    await peer.drain()
    await peer.closed
    peer = undefined
    assert.deepEqual((await client.meshStatus()).peers, [])
    const { version: packaged } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    assert.equal(version, packaged)
  })
})

async function watch(client: Client, signal: AbortSignal, events: MeshEventView[]): Promise<void> {
  for await (const batch of client.monitor({ signal })) events.push(...batch.events)
}

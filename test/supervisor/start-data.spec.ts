/** The data that a task gives to a DAG: nothing makes it again. */
import assert from 'node:assert/strict'
import { encodeDataset } from '../../protocols/dataset.ts'
import { LightflowError } from '../../src/core/errors.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { CopiesWanted } from '../../src/payload/payload-store.ts'
import { eventually } from '../support/eventually.ts'
import { intercept } from '../support/intercept.ts'
import { dagPlan, MemoryPeers, taskPlan } from '../support/memory-peers.ts'

const DATA = encodeDataset({ data: { frame: new Uint8Array(100_000) }, history: [] })

describe('the data that a DAG is started with', () => {
  let peers: MemoryPeers
  beforeEach(() => (peers = new MemoryPeers()))
  afterEach(() => peers.close())

  /** `first` starts `sub`, whose task `use` begins with the data. */
  async function play(ledger: Ledger): Promise<void> {
    const start = async (host: { startDag(name: string, data: Uint8Array): Promise<string> }) => {
      await host.startDag('sub', DATA)
      return {}
    }
    await peers.add('one', async ({ task }, host) => (task === 'first' ? start(host) : {}), { ledger })
    await peers.submit('run', [dagPlan('d', [taskPlan('first')]), dagPlan('sub', [taskPlan('use')], [], false)])
    await eventually(async () => (await peers.ledger.run('run'))?.state !== 'running')
  }

  it('is held by a second peer before the DAG exists, where hosts differ', async () => {
    const happened: unknown[] = []
    const ledger = intercept(peers.ledger, {
      startDag: (real, start) => (happened.push('startDag'), real(start)),
    })
    peers.payloads.spread = async (ref, wanted?: CopiesWanted) => (happened.push(wanted?.copies), ref)
    await play(severalHosts(ledger))
    assert.deepEqual(happened, [2, 'startDag'])
    assert.equal((await peers.ledger.run('run'))?.state, 'succeeded')
    happened.length = 0
    await peers.close()
    peers = new MemoryPeers()
    peers.payloads.spread = async ref => (happened.push('spread'), ref)
    await play(peers.ledger)
    assert.deepEqual(happened, [])
  })

  it('fails the tasks that begin with it when it is lost, and says what was lost', async () => {
    peers.payloads.get = async () => {
      throw new LightflowError('LF_PAYLOAD_LOST', 'The payload 5f… cannot be had from anybody (hutch: gone).')
    }
    await play(peers.ledger)
    const use = (await peers.ledger.tasks('run')).find(({ name }) => name === 'use')
    assert.deepEqual([use?.state, use?.error?.code], ['failed', 'LF_PAYLOAD_LOST'])
    assert.match(use?.error?.message ?? '', /^The data that sub:1 was started with is lost\. The payload 5f…/)
  })
})

function severalHosts(ledger: Ledger): Ledger {
  const traits = { ...ledger.traits, oneHost: false }
  return new Proxy(ledger, { get: (target, name) => (name === 'traits' ? traits : Reflect.get(target, name)) })
}

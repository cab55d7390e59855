import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { hasCode } from '../../../src/core/errors.ts'
import { startPeer, stopPeers } from '../support/libp2p-peers.ts'

describe('stop of the libp2p mesh', () => {
  afterEach(stopPeers)

  it('leaves nothing that keeps the process alive', async () => {
    const program = path.join(import.meta.dirname, '../support/short-lived-peers.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 15_000 })
    assert.equal(stdout, 'stopped\n')
  })

  it('can be asked before the start has ended', async () => {
    const mesh = await startPeer()
    const starting = mesh.start()
    await Promise.all([starting, mesh.stop()])
    assert.deepEqual(mesh.addrs(), [])
    await assert.rejects(mesh.start(), error => hasCode(error, 'LF_MESH_STOPPED'))
  })
})

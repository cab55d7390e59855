import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { openClient } from '../../src/index.ts'
import { LostPayloads } from './support/lost-payloads.ts'

describe('a payload that was removed while its run needs it, on a SQLite ledger', function () {
  this.timeout(120_000)
  let root: string
  let scene: LostPayloads

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    const client = await openClient({ home: root })
    scene = new LostPayloads({ root, client, args: [], homeOf: () => root, forget: () => removePayloads(root) })
  })

  afterEach(async () => {
    await scene.close()
    await rm(root, { recursive: true, force: true })
  })

  it('is made again, and the run succeeds', () => scene.showMadeAgain())
  it('fails the run, which says what was lost and who held it, when what made it is exclusive', () =>
    scene.showFailed())
})

async function removePayloads(home: string): Promise<void> {
  for (const name of await readdir(home, { recursive: true })) {
    if (/payloads\/[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name)) await rm(join(home, name))
  }
}

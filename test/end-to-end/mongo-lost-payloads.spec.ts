import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openClient } from '../../src/index.ts'
import { MONGODB_URI, temporaryDatabase } from '../ledger/mongo/temporary-database.ts'
import { LostPayloads } from './support/lost-payloads.ts'

const server = MONGODB_URI
if (server !== undefined)
  describe('a payload whose only holder dies for good with its home, on a MongoDB ledger', function () {
    this.timeout(180_000)
    suite(server)
  })

function suite(server: string): void {
  let root: string
  let scene: LostPayloads
  let drop: () => Promise<unknown>

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    const database = temporaryDatabase(server)
    drop = () => database.drop()
    const client = await openClient({ home: join(root, 'client'), ledger: database.uri })
    const homeOf = (peer: string) => join(root, peer)
    const forget = (peer: string) => rm(homeOf(peer), { recursive: true, force: true })
    scene = new LostPayloads({ root, client, args: ['--ledger', database.uri], homeOf, forget })
  })

  afterEach(async () => {
    await scene?.close()
    await drop()
    await rm(root, { recursive: true, force: true })
  })

  it('is made again elsewhere, and the run succeeds', () => scene.showMadeAgain())
  it('is not lost when a copy was made before its task was done', () => scene.showOutlived())
  it('fails the run, which says what was lost and who held it, when what made it is exclusive', () =>
    scene.showFailed())
}

/** A peer that runs from its bundle while its sources change: what an update does that does not restart the peers. */
import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PeerProcess } from '../../cli/demo/peer-process.ts'
import { packagesAbove } from '../../src/node/cached-bundle.ts'
import { eventually } from '../support/eventually.ts'
import { RealMesh } from '../support/real-mesh.ts'

const ROOT = resolve(import.meta.dirname, '..', '..')
const LANES = join(import.meta.dirname, 'workflows', 'lanes.ts')
const MESSAGES = join('src', 'workers', 'threads', 'thread-messages.ts')
/** Instead of the command of this checkout, that of the other one. */
const OTHER = 'shift; exec "$0" "$LF_OTHER/bin/lf.js" "$@"'

describe('a peer whose sources were changed while it runs', function () {
  this.timeout(240_000)
  let mesh: RealMesh
  let copy: string

  beforeEach(async () => {
    copy = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
    for (const part of ['bin', 'cli', 'src', 'protocols', 'package.json'])
      await cp(join(ROOT, part), join(copy, part), { recursive: true })
    const packages = packagesAbove(ROOT) ?? ''
    // Its bundles are its own.
    await mkdir(join(copy, 'node_modules'))
    for (const name of await readdir(packages))
      if (name !== '.cache') await symlink(join(packages, name), join(copy, 'node_modules', name))
    mesh = await RealMesh.start([])
  })

  afterEach(async () => {
    await mesh.close()
    await rm(copy, { recursive: true })
  })

  it('claims no more, says what to do, and leaves; what it had claimed is run by others and counts as never tried', async () => {
    const { process: stale } = await PeerProcess.start({
      name: 'stale',
      home: mesh.home,
      args: ['--no-mdns', '--ledger', mesh.ledger],
      env: { ...process.env, NO_COLOR: '1', LF_OTHER: copy },
      through: ['sh', '-c', OTHER],
    })
    mesh.peers.set('stale', stale)
    const file = join(copy, MESSAGES)
    await writeFile(file, (await readFile(file, 'utf8')).replace(/DIALECT = \d+/, 'DIALECT = 0'))
    const { run } = await mesh.client.start(LANES, { args: { pure: 4, idempotent: 4, seconds: 0 } })
    assert.equal(await stale.exited(), 1, 'as a failure, so that systemd starts it again')
    assert.match(stale.errorText, /Lightflow was changed here while this peer was running.*lf node/s)
    const [trouble] = (await mesh.client.meshStatus()).troubles.filter(({ kind }) => kind === 'outdated')
    assert.match(trouble?.message ?? '', /^stale has left, since Lightflow was changed on .* while it ran/)
    assert.equal(trouble?.command, 'lf node --name stale')
    await mesh.startPeer('fresh')
    await eventually(async () => (await mesh.client.run(run)).state === 'succeeded', 30_000)
    const tasks = (await mesh.client.show(run)).dags.flatMap(dag => dag.tasks)
    assert.deepEqual(
      tasks.filter(({ attempts, peer }) => attempts !== 1 || peer !== 'fresh'),
      [],
    )
  })
})

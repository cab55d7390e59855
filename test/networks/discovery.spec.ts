/** Three hosts on a switch find each other without being told any address, and again after a cut. No ledger takes part. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { allHearAll, forgetHints, isFullMesh, type MeshProcess, startMeshes } from './support/mesh-process.ts'
import { whyNoNamespaces } from './support/permitted.ts'
import { Site } from './support/site.ts'

const HOSTS = ['a', 'b', 'c']
/** Longer than libp2p by itself remembers a peer that it lost. `LF_TEST_CUT_S=120`: as long as a switch takes to start anew. */
const CUT_S = Number(process.env['LF_TEST_CUT_S'] ?? 40)

describe('three hosts on a switch', function () {
  this.timeout((CUT_S + 120) * 1000)
  let site: Site
  let meshes: MeshProcess[] = []

  before(async function () {
    const reason = await whyNoNamespaces()
    if (reason === null) return
    process.stdout.write(`  not tested, since ${reason}\n`)
    this.skip()
  })

  beforeEach(async () => {
    site = await Site.make(HOSTS)
  })

  afterEach(async () => {
    await Promise.all(meshes.splice(0).map(mesh => mesh.end()))
    await site?.remove()
  })

  it('discover each other by multicast alone, knowing no address', async () => {
    meshes = await startMeshes(site, HOSTS, { mdns: true, joinFirst: false })
    await took('full mesh', () => eventually(() => isFullMesh(meshes), 30_000))
    await eventually(() => allHearAll(meshes))
  })

  it('do not find each other when multicast is blocked and nobody is named: so it was multicast', async () => {
    await site.blockMulticast()
    meshes = await startMeshes(site, HOSTS, { mdns: true, joinFirst: false })
    await delay(5000)
    assert.deepEqual(
      meshes.flatMap(mesh => Array.from(mesh.connected)),
      [],
    )
    await site.allowMulticast()
    await took('full mesh after multicast was allowed', () => eventually(() => isFullMesh(meshes), 60_000))
  })

  it('form a full mesh from one address to join when multicast is blocked', async () => {
    await site.blockMulticast()
    meshes = await startMeshes(site, HOSTS, { mdns: true, joinFirst: true })
    await took('full mesh', () => eventually(() => isFullMesh(meshes), 60_000))
    await eventually(() => allHearAll(meshes))
  })

  it(`are a mesh again, hints and all, after one was cut off for ${CUT_S} s`, async () => {
    meshes = await startMeshes(site, HOSTS, { mdns: true, joinFirst: false })
    await eventually(() => isFullMesh(meshes), 30_000)
    await site.cut('c')
    const [, , lonely] = meshes
    const until = performance.now() + CUT_S * 1000
    await took('noticed by both sides', () =>
      eventually(() => lonely?.connected.size === 0 && meshes[0]?.connected.size === 1, 40_000),
    )
    await delay(until - performance.now())
    forgetHints(meshes)
    await site.mend('c')
    await took('full mesh again', () => eventually(() => isFullMesh(meshes), 60_000))
    await took('hints again', () => eventually(() => allHearAll(meshes), 30_000))
  })
})

async function took(what: string, wait: () => Promise<unknown>): Promise<void> {
  const from = performance.now()
  await wait()
  process.stdout.write(`      ${what}: ${((performance.now() - from) / 1000).toFixed(1)} s\n`)
}

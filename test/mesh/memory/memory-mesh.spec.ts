import assert from 'node:assert/strict'
import { systemClock } from '../../../src/core/clock.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { MemoryBus } from '../../../src/mesh/memory/memory-bus.ts'
import { MemoryMesh } from '../../../src/mesh/memory/memory-mesh.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { meshContract } from '../mesh.contract.ts'
import { hintsAt, INCARNATION, introduce, isFullMesh, memberOf, sessionOf } from '../support/mesh-helpers.ts'

describe('memory mesh', () => {
  describe('as a mesh', () => {
    let bus = new MemoryBus({ clock: systemClock, random: seededRandom(1) })
    let made: MemoryMesh[] = []
    meshContract({
      incarnation: INCARNATION,
      async make(options) {
        const mesh = new MemoryMesh({
          bus,
          peer: `peer ${made.length}`,
          incarnation: INCARNATION,
          clock: systemClock,
          ...options,
        })
        made.push(mesh)
        mesh.useSession(sessionOf(mesh))
        await mesh.start()
        return mesh
      },
      async cleanUp() {
        await Promise.all(made.map(mesh => mesh.stop()))
        made = []
        bus = new MemoryBus({ clock: systemClock, random: seededRandom(1) })
      },
      sendRaw: async ({ peer }, bytes) => void bus.send(peer, bytes),
    })
  })

  it('delivers nothing in the same turn, and all of it a moment later', async () => {
    const { clock, meshes } = await setUp(['anna', 'bert'])
    const [anna, bert] = meshes as [MemoryMesh, MemoryMesh]
    const atBert = hintsAt(bert)
    introduce(anna, bert)
    assert.deepEqual(anna.connected(), [])
    await clock.advance(1)
    assert.ok(isFullMesh(anna, bert))
    anna.publish({ kind: 'members' })
    await clock.advance(5)
    assert.deepEqual(atBert, [])
    await clock.advance(1)
    assert.equal(atBert.length, 1)
    assert.equal(clock.pending, 0)
  })

  it('loses as many hints as it is told to, while the links stay', async () => {
    const { clock, bus, meshes } = await setUp(['anna', 'bert'])
    const [anna, bert] = meshes as [MemoryMesh, MemoryMesh]
    const atBert = hintsAt(bert)
    introduce(anna, bert)
    await clock.advance(1)
    bus.lose(1)
    anna.publish({ kind: 'members' })
    await clock.advance(10)
    assert.deepEqual(atBert, [])
    assert.ok(isFullMesh(anna, bert))
    bus.lose(0)
    anna.publish({ kind: 'members' })
    await clock.advance(10)
    assert.equal(atBert.length, 1)
  })

  it('cuts and heals single links', async () => {
    const { clock, bus, meshes } = await setUp(['anna', 'bert', 'carl'])
    const [anna, bert, carl] = meshes as [MemoryMesh, MemoryMesh, MemoryMesh]
    introduce(anna, bert, carl)
    await clock.advance(1)
    bus.cut('anna', 'carl')
    await clock.advance(1)
    assert.deepEqual([anna.connected(), bert.connected(), carl.connected()], [['bert'], ['anna', 'carl'], ['bert']])
    bus.heal('anna', 'carl')
    await clock.advance(1)
    assert.ok(isFullMesh(anna, bert, carl))
  })

  it('tells once of a peer of another ledger on the same bus', async () => {
    const { clock, bus, meshes } = await setUp(['anna'])
    const anna = meshes[0]!
    const foreign: string[] = []
    anna.on('foreign', ({ peer }) => foreign.push(peer))
    const eve = new MemoryMesh({ bus, peer: 'eve', incarnation: 'another', clock })
    await eve.start()
    anna.setMembers([memberOf(anna)])
    await clock.advance(5)
    assert.deepEqual(foreign, ['eve'])
  })
})

async function setUp(peers: string[]) {
  const clock = new ManualClock()
  const bus = new MemoryBus({ clock, random: seededRandom(1) })
  const meshes = peers.map(peer => new MemoryMesh({ bus, peer, incarnation: INCARNATION, clock }))
  for (const mesh of meshes) {
    mesh.useSession(sessionOf(mesh))
    await mesh.start()
  }
  return { clock, bus, meshes }
}

import assert from 'node:assert/strict'
import { systemClock } from '../../src/core/clock.ts'
import { MemoryMesh } from '../../src/mesh/memory/memory-mesh.ts'
import type { MeshEvents } from '../../src/mesh/mesh.ts'
import { intercept } from '../support/intercept.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryPeers } from '../support/memory-peers.ts'

const PEERS = Array.from({ length: 20 }, (_, index) => `peer-${index}`)

describe('many peers that come or leave together', () => {
  const clock = new ManualClock()
  let peers: MemoryPeers

  beforeEach(() => {
    peers = new MemoryPeers()
  })
  afterEach(() => peers.close())

  it('cost one beat, which tells of all of them', async () => {
    const { emit, calls } = await setUp()
    const before = calls.beat
    for (const peer of PEERS) {
      emit('connected', peer)
      await clock.advance(5)
    }
    assert.equal(calls.beat, before)
    await clock.advance(200)
    assert.equal(calls.beat, before + 1)
  })

  it('cost one look at the ledger', async () => {
    const { emit, calls } = await setUp()
    const before = calls.sessions
    for (const peer of PEERS) {
      emit('hint', { hint: { kind: 'members' }, from: peer, session: peer })
      await clock.advance(5)
    }
    assert.equal(calls.sessions, before)
    await clock.advance(200)
    assert.equal(calls.sessions, before + 1)
  })

  /** A peer that has just swept, does so again in seconds, and is told what `emit` says. */
  async function setUp() {
    const { incarnation } = peers.ledger
    const heard = new Map<string, (event: never) => void>()
    const plain = new MemoryMesh({ bus: peers.bus, peer: 'self', incarnation, clock: systemClock })
    const mesh = intercept(plain, {
      on(_original, kind, listener) {
        heard.set(kind, listener)
        return () => {}
      },
    })
    const calls = { beat: 0, sessions: 0 }
    const ledger = intercept(peers.ledger, {
      beat: (original, ...args) => (calls.beat++, original(...args)),
      sessions: original => (calls.sessions++, original()),
    })
    const timing = { beatMs: 5000, sweepMs: 3000 }
    const peer = await peers.add('a', async () => {}, { mesh, ledger, clock, timing })
    await clock.advance(1000)
    const emit = <Kind extends keyof MeshEvents>(kind: Kind, event: MeshEvents[Kind]) =>
      heard.get(kind)?.(event as never)
    return { peer, emit, calls }
  }
})

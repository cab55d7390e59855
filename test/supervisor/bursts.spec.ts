import assert from 'node:assert/strict'
import { systemClock } from '../../src/core/clock.ts'
import { MemoryMesh } from '../../src/mesh/memory/memory-mesh.ts'
import type { MeshEvents } from '../../src/mesh/mesh.ts'
import { LOCAL_TIMING, type Timing } from '../../src/supervisor/timing.ts'
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
    await clock.advance(500)
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

  it('leave it as quiet as it was, and work does not', async () => {
    const { beatMs, sweepMs, quietFactor } = LOCAL_TIMING
    const { emit, calls } = await setUp({ beatMs, sweepMs, quietFactor })
    const usual = { beat: 10_000 / beatMs, sessions: 10_000 / sweepMs }
    const inTenSeconds = async () => {
      const before = { ...calls }
      for (let ms = 0; ms < 10_000; ms += 250) await clock.advance(250)
      return { beat: calls.beat - before.beat, sessions: calls.sessions - before.sessions }
    }
    emit('hint', { hint: { kind: 'members' }, from: 'b', session: 'b' })
    const quiet = await inTenSeconds()
    assert.ok(quiet.beat <= usual.beat / 2 && quiet.sessions <= usual.sessions / 2, JSON.stringify(quiet))
    emit('hint', { hint: { kind: 'ended', run: 'r', dag: null }, from: 'b', session: 'b' })
    const atWork = await inTenSeconds()
    assert.ok(atWork.beat >= usual.beat * 0.8 && atWork.sessions >= usual.sessions * 0.7, JSON.stringify(atWork))
  })

  /** A peer that has just swept, does so again in seconds (unless told otherwise), and is told what `emit` says. */
  async function setUp(timing: Partial<Timing> = { beatMs: 5000, sweepMs: 3000 }) {
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
      sessionBeats: original => (calls.sessions++, original()),
    })
    const peer = await peers.add('a', async () => {}, { mesh, ledger, clock, timing })
    await clock.advance(1000)
    const emit = <Kind extends keyof MeshEvents>(kind: Kind, event: MeshEvents[Kind]) =>
      heard.get(kind)?.(event as never)
    return { peer, emit, calls }
  }
})

import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { DialVerdict } from '../../src/mesh/mesh.ts'
import { eventually } from '../support/eventually.ts'
import { intercept } from '../support/intercept.ts'
import { MemoryPeers, type PeerOptions } from '../support/memory-peers.ts'

/** Beats are further apart than the dials that are refused take: as on a network. */
const SLOW_BEATS: PeerOptions['timing'] = { beatMs: 5000 }
const REFUSALS = 4

describe('a live peer whose port refuses', () => {
  const peers = new MemoryPeers()
  const verdicts: DialVerdict[] = []

  afterEach(() => peers.close())

  it('is not buried when it had noticed the loss, and beaten, before the others looked', async () => {
    const { bus } = peers
    const probe = bus.probe.bind(bus)
    bus.probe = async (from, to) => {
      const verdict = await probe(from, to)
      verdicts.push(verdict)
      return verdict
    }
    let looks = 0
    const slow = intercept(peers.ledger, {
      // On another host, and slower than the peer that is looked at.
      probe: async (_original, ids) => ids.map(session => ({ session, verdict: 'unknown' as const })),
      sessionBeats: async original => {
        await delay(50)
        looks += 1
        return original()
      },
      sessionHeads: async (original, ...args) => {
        await delay(50)
        return original(...args)
      },
    })
    const alive = await peers.add('alive', async () => undefined, { timing: SLOW_BEATS, ledger: slow })
    const other = await peers.add('other', async () => undefined, { timing: SLOW_BEATS, ledger: slow })
    const buried: string[] = []
    other.supervisor.events.on('session:buried', ({ session }) => buried.push(session))
    await eventually(() => verdicts.filter(verdict => verdict === 'answers').length >= 2)
    const seen = looks
    await eventually(() => looks >= seen + 4)
    bus.refuse(alive.mesh.peer)
    await eventually(() => verdicts.filter(verdict => verdict === 'refused').length >= REFUSALS)
    const after = looks
    await eventually(() => looks >= after + 6)
    assert.deepEqual(buried, [])
  })
})

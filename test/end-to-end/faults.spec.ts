import assert from 'node:assert/strict'
import { FAULTS, type Lanes, playRound, restore, type Round } from '../support/fault-rounds.ts'
import { RealMesh } from '../support/real-mesh.ts'

const PEERS = ['peer-1', 'peer-2', 'peer-3', 'peer-4', 'peer-5']
/** Pure tasks only: after a frozen peer's burial the others would rest, and the test with them. */
const LANES: Lanes = { pure: 8, idempotent: 0, seconds: 0.4 }
const PEER = { capacity: 3 }

/** `npm run measure:takeover` tells how long each takes, for each peer. */
describe('a fault of one of five peers during a run', function () {
  this.timeout(180_000)
  let mesh: RealMesh

  before(async () => {
    mesh = await RealMesh.start(PEERS, PEER)
  })

  after(() => mesh?.close())

  const play = async (fault: Round['fault']): Promise<Round> => {
    // Done exactly once, and all of it: that is checked for every round.
    const round = await playRound(mesh, { fault, victim: PEERS[FAULTS.indexOf(fault)] ?? '', lanes: LANES, peer: PEER })
    await restore(mesh, round, PEER)
    return round
  }

  it('kill -9: its tasks run elsewhere, each is done once', async () => {
    const { takeovers } = await play('kill')
    assert.ok(takeovers.length > 0)
  })

  it('kill -9 and a new start: the same, and it works again', async () => {
    const { takeovers, worksAgainAfterMs } = await play('restart')
    assert.ok(takeovers.length > 0)
    assert.ok(worksAgainAfterMs !== null)
  })

  it('kill -STOP: buried by its silence; thawed, it learns that, its late results count for nothing, and it works again', async () => {
    const { takeovers, worksAgainAfterMs } = await play('freeze')
    assert.ok(takeovers.length > 0)
    assert.ok(worksAgainAfterMs !== null)
  })

  it('SIGTERM: it leaves in order, nothing is taken from it', async () => {
    const { takeovers } = await play('drain')
    assert.deepEqual(takeovers, [])
  })
})

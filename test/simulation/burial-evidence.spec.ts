/** A burial for silence is judged by what its observer had seen when it decided, however late the burial lands. */
import assert from 'node:assert/strict'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { Checker } from './checker.ts'
import { NO_LEDGER_FAULTS } from './faulty-ledger.ts'
import { makeTrueLedger } from './true-ledger.ts'
import { World } from './world.ts'

const TTL_MS = 20_000
const OBSERVER = 'observer'
const MUTE = 'mute'
const OTHERS = ['one', 'two', 'three', 'four']

describe('evidence of a burial', () => {
  let world: World
  let checker: Checker
  let ledger: Ledger
  let weather: { longOutageEndMs: number; faults: typeof NO_LEDGER_FAULTS }
  let startMs: number
  const observer = {}

  beforeEach(async () => {
    world = new World()
    startMs = world.nowMs
    weather = { longOutageEndMs: 0, faults: NO_LEDGER_FAULTS }
    const made = makeTrueLedger({
      world,
      provesDeath: false,
      isGone: () => false,
      losesCommit: () => false,
      onCommit: (name, args, changes) => checker.committed(name, args, changes),
    })
    ledger = made.ledger
    checker = new Checker({
      world,
      tables: () => made.tables,
      maxRate: 1,
      minRate: 1,
      isGone: () => false,
      resumedAtMs: () => Number.NEGATIVE_INFINITY,
      diedAtMs: () => null,
      isWalledOff: () => false,
      weather,
      baseTtlMs: TTL_MS,
      sameTtls: true,
    })
    for (const name of [OBSERVER, MUTE, ...OTHERS]) await ledger.openSession(sessionOf(name))
  })

  const goTo = (seconds: number): void => void (world.nowMs = startMs + seconds * 1000)
  const burial = [MUTE, 0, 'silence', OBSERVER] as const

  async function beat(names: readonly string[], number = 1): Promise<void> {
    for (const name of names)
      await ledger.beat(name, number, { busy: 0, connected: [], addrs: [], draining: false, stats: {} })
  }

  function looks(): void {
    checker.evidence.answered(observer, 'sessionBeats', [])
  }

  function sends(): void {
    checker.evidence.called(observer, 'bury', burial)
  }

  async function lands(): Promise<string | undefined> {
    assert.equal(await ledger.bury(...burial), true)
    return world.violation?.message
  }

  it('holds when a whole TTL of silence was seen before the outage after which it lands', async () => {
    goTo(20)
    await beat([OBSERVER, ...OTHERS])
    goTo(21)
    looks()
    sends()
    goTo(50)
    weather.longOutageEndMs = world.nowMs
    goTo(56)
    assert.equal(await lands(), undefined)
  })

  it('does not when the silence that was seen was that of an outage, even if it lands a TTL later', async () => {
    goTo(50)
    weather.longOutageEndMs = world.nowMs
    await beat([OBSERVER, ...OTHERS])
    goTo(56)
    looks()
    sends()
    goTo(80)
    assert.match((await lands()) ?? '', /^L5: mute is buried for silence 6000 ms after an outage/)
  })

  it('has to be enough each time that the burial is tried', async () => {
    goTo(20)
    await beat([OBSERVER, ...OTHERS])
    goTo(21)
    looks()
    sends()
    goTo(50)
    weather.longOutageEndMs = world.nowMs
    await beat([OBSERVER, ...OTHERS], 2)
    goTo(56)
    looks()
    sends()
    goTo(57)
    assert.match((await lands()) ?? '', /^L5: mute is buried for silence 6000 ms/)
  })

  it('holds when the others fell silent after it was seen', async () => {
    goTo(11)
    await beat([OBSERVER, ...OTHERS])
    goTo(21)
    looks()
    sends()
    goTo(33)
    assert.equal(await lands(), undefined)
  })

  it('does not when they were silent then', async () => {
    goTo(11)
    await beat([OBSERVER, ...OTHERS])
    goTo(33)
    looks()
    sends()
    goTo(60)
    assert.match((await lands()) ?? '', /^L5: 6 of 6 peers are silent and one is buried after 33000 ms/)
  })

  it('does not when it was too young, however long the silence is when it lands', async () => {
    goTo(15)
    await beat([OBSERVER, ...OTHERS])
    looks()
    sends()
    goTo(40)
    assert.match((await lands()) ?? '', /^H3: mute is buried for silence 15000 ms after its last beat/)
  })
})

function sessionOf(name: string) {
  return {
    id: name,
    peer: name,
    name,
    host: 'h',
    pid: 1,
    kind: 'node' as const,
    ttlMs: TTL_MS,
    addrs: [],
    queues: ['task'],
    capacity: 1,
    version: '0',
    labels: {},
  }
}

/** How fast the mesh goes on after a fault: every peer of a mesh is killed, restarted, frozen and drained in its turn, during runs. */
import { LOCK_DELAY_MS } from '../../src/lease/lease-limits.ts'
import { LAN_TIMING, LOCAL_TIMING } from '../../src/supervisor/timing.ts'
import { type Fault, type Lanes, playRound, restore, type Round, warmUp } from '../../test/support/fault-rounds.ts'
import { RealMesh } from '../../test/support/real-mesh.ts'
import { temporaryDatabase } from '../../test/support/temporary-database.ts'
import type { recovery } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import { median } from './harness/figures.ts'
import { load } from './harness/machine.ts'
import type { Values } from './harness/options.ts'
import type { Report } from './harness/report.ts'

type Asked = Values<typeof recovery.options>

/** Fewer than there are places without the victim: what is measured is the mesh, not the wait for a free place. */
const LANES: Lanes = { pure: 6, idempotent: 6, seconds: 0.6 }
const CAPACITY = 4

type Measured = Round & { load: number }

export async function playRecovery(asked: Asked, run: BenchRun): Promise<Report> {
  const names = Array.from({ length: asked.peers }, (_, index) => `peer-${index + 1}`)
  const victims = asked.victims.length === 0 ? names : asked.victims.map(number => `peer-${number}`)
  const peer = { args: asked['no-gossip'] ? ['--no-gossip'] : [], capacity: CAPACITY, ownHost: asked.hosts }
  const database = asked.ledger === '' ? undefined : temporaryDatabase(asked.ledger)
  if (database !== undefined) run.atEnd(database.drop)
  run.progress(`starting ${asked.peers} peers`)
  const mesh = await RealMesh.start(names, { ...peer, ...(database && { ledger: database.uri }) })
  run.atEnd(() => mesh.close())
  const turns = asked.faults.flatMap(fault =>
    Array.from({ length: asked.rounds }, () => victims.map(victim => ({ fault, victim }))).flat(),
  )
  const rounds: Measured[] = []
  for (const [done, { fault, victim }] of turns.entries()) {
    run.progress(`${fault} of ${victim}`, { done, all: turns.length })
    if (!asked.cold) await warmUp(mesh, CAPACITY)
    const loadBefore = load()
    const round = await playRound(mesh, { fault, victim, lanes: LANES, peer })
    rounds.push({ ...round, load: loadBefore })
    await restore(mesh, round, peer)
  }
  const where = database === undefined ? 'one SQLite ledger' : 'MongoDB'
  const hosts = asked.hosts ? ', each on a host of its own' : ''
  return {
    tables: [{ head: HEAD, rows: asked.faults.flatMap(fault => rowsOf(fault, rounds, asked)) }],
    remarks: [
      `${names.length} peers, ${where}${hosts}, gossip ${asked['no-gossip'] ? 'off' : 'on'}; milliseconds, longest of several (how many).`,
    ],
    figures: rounds,
  }
}

const HEAD = ['fault', 'peer', 'known', 'supervised', 'pure', 'idempotent', 'next', 'pauses', 'again', 'load']

function rowsOf(fault: Fault, rounds: readonly Measured[], asked: Asked): string[][] {
  const of = rounds.filter(round => round.fault === fault)
  return [
    ...of.map(rowOf),
    [fault, 'median', ...cells(of, times => String(median(times) ?? '-')), ''],
    [fault, 'longest', ...cells(of, longest), ''],
    [fault, 'goal', ...goals(fault, asked), ''],
  ]
}

function rowOf(round: Measured): string[] {
  return [round.fault, round.victim, ...cells([round], longest), round.load.toFixed(1)]
}

function cells(rounds: readonly Round[], of: (times: readonly number[]) => string): string[] {
  const taken = rounds.flatMap(({ takeovers }) => takeovers)
  const ran = (pure: boolean) => taken.filter(({ isPure }) => isPure === pure).map(({ ranAfterMs }) => ranAfterMs)
  return [
    rounds.map(({ goneAfterMs }) => goneAfterMs),
    rounds.flatMap(({ supervisedAfterMs }) => supervisedAfterMs ?? []),
    ran(true),
    ran(false),
    rounds.filter(({ fault }) => fault === 'drain').flatMap(({ successorsMs }) => successorsMs),
    rounds.flatMap(({ pausesMs }) => pausesMs),
    rounds.flatMap(({ worksAgainAfterMs }) => worksAgainAfterMs ?? []),
  ].map(of)
}

/** Of design: what is not proven waits for the TTL and the next sweep, and what is idempotent then rests before it is begun again. */
function goals(fault: Fault, asked: Asked): string[] {
  const timing = asked.ledger === '' ? LOCAL_TIMING : LAN_TIMING
  const soonMs = asked.hosts ? 3000 : 1000
  const silentMs = timing.ttlMs + timing.sweepMs
  if (fault === 'drain') return ['its tasks', 'at once', 'none', 'none', 'at once', '-', '-']
  if (fault === 'freeze') {
    return [
      `${silentMs} (TTL ${timing.ttlMs})`,
      `${silentMs}`,
      `${silentMs}`,
      `${silentMs + LOCK_DELAY_MS}`,
      '-',
      '-',
      '-',
    ]
  }
  return [`${soonMs}`, `${soonMs}`, `${soonMs}`, `${soonMs}`, '-', '-', '-']
}

function longest(times: readonly number[]): string {
  return times.length === 0 ? '-' : `${Math.max(...times)}${times.length > 1 ? ` (${times.length})` : ''}`
}

/**
 * How fast the mesh goes on after a fault: every peer of a mesh of five is killed, restarted, frozen and drained in its turn, during runs.
 * `--help` tells what can be asked for.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { LOCK_DELAY_MS } from '../src/lease/lease-limits.ts'
import { LAN_TIMING, LOCAL_TIMING } from '../src/supervisor/timing.ts'
import { type Fault, FAULTS, type Lanes, playRound, restore, type Round, warmUp } from '../test/support/fault-rounds.ts'
import { endWithChildren } from '../test/support/end-with-children.ts'
import { RealMesh } from '../test/support/real-mesh.ts'

const HELP = `How fast the mesh goes on after a fault. Each peer suffers each fault in its turn, in the middle of a run.

  npm run measure:takeover -- [options]

  --peers 5           how many
  --faults kill,...   which: ${FAULTS.join(', ')}; default: all
  --rounds 1          how often each peer suffers each of them
  --victims 1,3       only these peers, by their number
  --ledger URI        mongodb://…; default: a SQLite file
  --hosts             each peer on a host of its own, by its name (root, MongoDB): no lock proves its death
  --no-gossip         without hints
  --cold              in a mesh without work before: each place must have its thread made first

Columns, in milliseconds from the fault:
  known          the ledger says that the peer is dead, or that it has left
  supervised     each DAG that it supervised is done, or supervised by another peer
  pure, idemp.   tasks that it held run elsewhere: their body has begun there, not only their claim. Longest (how many)
  next           drain: tasks after those that it finished while it left, from that end to their claim elsewhere
  pauses         longest time that a ready task of its DAGs waited for a claim
  again          a peer of its name claims again, from the start of its new process, or from its thawing

`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    peers: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '1' },
    faults: { type: 'string', default: FAULTS.join(',') },
    victims: { type: 'string' },
    ledger: { type: 'string' },
    hosts: { type: 'boolean', default: false },
    'no-gossip': { type: 'boolean', default: false },
    cold: { type: 'boolean', default: false },
  },
})

/** Fewer than there are places without the victim: what is measured is the mesh, not the wait for a free place. */
const LANES: Lanes = { pure: 6, idempotent: 6, seconds: 0.6 }
const CAPACITY = 4

type Measured = Round & { load: number }

if (values.help) process.stdout.write(HELP)
else await measure()

async function measure(): Promise<void> {
  const { ledger, hosts: ownHost } = values
  if (ownHost && ledger === undefined) throw new Error('--hosts needs --ledger mongodb://…: SQLite is for one host')
  const names = Array.from({ length: Number(values.peers) }, (_, index) => `peer-${index + 1}`)
  const chosen = values.victims?.split(',').map(number => `peer-${number}`) ?? names
  const peer = { args: values['no-gossip'] ? ['--no-gossip'] : [], capacity: CAPACITY, ownHost }
  const rounds: Measured[] = []
  endWithChildren()
  const mesh = await RealMesh.start(names, { ...peer, ...(ledger === undefined ? {} : { ledger }) })
  try {
    for (const fault of values.faults.split(',') as Fault[]) {
      for (let count = 0; count < Number(values.rounds); count++) {
        for (const victim of chosen) {
          if (!values.cold) await warmUp(mesh, CAPACITY)
          const load = loadavg()[0] ?? 0
          const round = await playRound(mesh, { fault, victim, lanes: LANES, peer })
          rounds.push({ ...round, load })
          // What was measured is told even if the rest is not.
          process.stderr.write(`${line(rowOf({ ...round, load }))}\n`)
          await restore(mesh, round, peer)
        }
      }
    }
  } finally {
    await mesh.close()
  }
  const where = ledger === undefined ? 'one SQLite ledger' : `MongoDB${ownHost ? ', each on a host of its own' : ''}`
  const gossip = values['no-gossip'] ? 'off' : 'on'
  process.stdout.write(`\n${names.length} peers, ${where}, gossip ${gossip}; milliseconds\n\n${table(rounds)}\n`)
}

function table(rounds: readonly Measured[]): string {
  const head = ['fault', 'peer', 'known', 'supervised', 'pure', 'idemp.', 'next', 'pauses', 'again', 'load']
  const lines = FAULTS.flatMap(fault => {
    const of = rounds.filter(round => round.fault === fault)
    if (of.length === 0) return []
    return [
      ...of.map(rowOf),
      [fault, '**median**', ...cells(of, median), ''],
      [fault, '**longest**', ...cells(of, longest), ''],
      [fault, '**goal**', ...goals(fault), ''],
    ]
  })
  return [head, head.map(() => '---'), ...lines].map(line).join('\n')
}

function rowOf(round: Measured): string[] {
  return [round.fault, round.victim, ...cells([round], longest), round.load.toFixed(1)]
}

function line(row: readonly string[]): string {
  return `| ${row.join(' | ')} |`
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
function goals(fault: Fault): string[] {
  const timing = values.ledger === undefined ? LOCAL_TIMING : LAN_TIMING
  const soonMs = values.hosts ? 3000 : 1000
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

function median(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted.length === 0 ? '-' : `${sorted[Math.floor(sorted.length / 2)]}`
}

/**
 * How fast the mesh goes on after a fault: every peer of a mesh of five is killed, restarted, frozen and drained in its turn, during runs.
 *
 *   npm run measure:takeover -- [--peers 5] [--rounds 1] [--faults kill,restart,freeze,drain] [--no-gossip]
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type Fault, FAULTS, type Lanes, playRound, restore, type Round } from '../test/support/fault-rounds.ts'
import { endWithChildren } from '../test/support/end-with-children.ts'
import { RealMesh } from '../test/support/real-mesh.ts'

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '1' },
    faults: { type: 'string', default: FAULTS.join(',') },
    'no-gossip': { type: 'boolean', default: false },
  },
})

/** Fewer than there are places without the victim: what is measured is the mesh, not the wait for a free place. */
const LANES: Lanes = { pure: 6, idempotent: 6, seconds: 0.6 }
const CAPACITY = 4
const GOALS: Record<Fault, string> = {
  kill: '1 s',
  restart: 'at once',
  freeze: '20.5 s, idempotent 10 s more',
  drain: 'at once',
}

const names = Array.from({ length: Number(values.peers) }, (_, index) => `peer-${index + 1}`)
const peer = { args: values['no-gossip'] ? ['--no-gossip'] : [], capacity: CAPACITY }
const rounds: Round[] = []
endWithChildren()
const mesh = await RealMesh.start(names, peer)

try {
  for (const fault of values.faults.split(',') as Fault[]) {
    for (let count = 0; count < Number(values.rounds); count++) for (const victim of names) await play(fault, victim)
  }
} finally {
  await mesh.close()
}
console.log(`\n${names.length} peers, one SQLite ledger, gossip ${values['no-gossip'] ? 'off' : 'on'}; milliseconds\n`)
console.log(table(rounds))

async function play(fault: Fault, victim: string): Promise<void> {
  const round = await playRound(mesh, { fault, victim, lanes: LANES, peer })
  rounds.push(round)
  await restore(mesh, round, peer)
  const { goneAfterMs, takeovers, successorsMs, pausesMs, worksAgainAfterMs } = round
  const times = takeovers.map(({ afterMs, isPure }) => `${afterMs}${isPure ? '' : 'i'}`).join(' ')
  const facts = [
    `gone ${goneAfterMs}`,
    `elsewhere ${times || '-'}`,
    `next ${fault === 'drain' ? successorsMs.join(' ') : '-'}`,
    `pauses ${pausesMs.join(' ') || '-'}`,
  ]
  console.log(
    `${fault} ${victim}: ${facts.join(', ')}, again ${worksAgainAfterMs ?? '-'} (load ${loadavg()[0]?.toFixed(1)})`,
  )
}

function table(all: readonly Round[]): string {
  const lines = FAULTS.flatMap(fault => {
    const of = all.filter(round => round.fault === fault)
    if (of.length === 0) return []
    const taken = of.flatMap(({ takeovers }) => takeovers)
    const cells = [
      fault,
      String(of.length),
      spread(of.map(({ goneAfterMs }) => goneAfterMs)),
      spread(taken.filter(({ isPure }) => isPure).map(({ afterMs }) => afterMs)),
      spread(taken.filter(({ isPure }) => !isPure).map(({ afterMs }) => afterMs)),
      fault === 'drain' ? spread(of.flatMap(({ successorsMs }) => successorsMs)) : '-',
      spread(of.flatMap(({ pausesMs }) => pausesMs)),
      spread(of.flatMap(({ worksAgainAfterMs }) => worksAgainAfterMs ?? [])),
      GOALS[fault],
    ]
    return [`| ${cells.join(' | ')} |`]
  })
  const head = [
    'fault',
    'rounds',
    'known',
    'pure elsewhere',
    'idempotent elsewhere',
    'next tasks elsewhere',
    'its DAGs paused',
    'works again',
    'goal',
  ]
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...lines].join('\n')
}

/** `median / longest (count)` */
function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  if (sorted.length === 0) return '-'
  return `${sorted[Math.floor(sorted.length / 2)]} / ${sorted.at(-1)} (${sorted.length})`
}

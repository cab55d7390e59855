/**
 * What a mesh of many peers costs, from real supervisors in virtual time with the timing of several hosts: the ledger answers after 4 ms, hints
 * take 3 ms, each message is heard once by everybody. Counts, not times: the machine does not matter; only CPU is measured.
 *
 *   npm run bench mesh -- [--peers 50,200,1000] [--idle-seconds 10] [--calls]
 *   npm run bench mesh -- --links 10,20,40 [--idle-seconds 15]
 *
 * `--calls`: what is asked of the ledger for a task, by operation. `--links`: instead of that, so many real libp2p meshes in one process on
 * loopback, and what connections and messages cost them.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { LinkFigures } from './bench/links-process.ts'
import { type ModelFigures, modelMesh, type WorkFigures } from './bench/model/mesh-model.ts'

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '50,200,1000' },
    'idle-seconds': { type: 'string', default: '10' },
    calls: { type: 'boolean', default: false },
    links: { type: 'string' },
  },
})

const IDLE = ['peers', 'start: looks at all sessions', 'idle: calls/s', 'KB read/s', 'CPU ms/s', "ledger's CPU ms/s"]
const WORK = [
  'peers',
  'tasks',
  'calls per task',
  'tries per claim',
  'messages per task',
  'bytes per task',
  'CPU of all peers, ms per task',
  'ms',
]

const LINKS = [
  'peers',
  'ends of connections',
  'MB for each',
  'file descriptors for each',
  'idle: CPU of a peer, ms/s',
  'CPU of a message for each that hears it, ms',
  'heard by',
]
const LINKS_PROGRAM = fileURLToPath(new URL('./bench/links-process.ts', import.meta.url))

if (values.links !== undefined) table('Real connections on loopback', LINKS, values.links.split(',').map(links))
else await model()

async function model(): Promise<void> {
  const figures: ModelFigures[] = []
  for (const peers of values.peers.split(',')) {
    const fromMs = performance.now()
    figures.push(await modelMesh(Number(peers), Number(values['idle-seconds']) * 1000))
    console.error(`${peers} peers: modelled in ${((performance.now() - fromMs) / 1000).toFixed(0)} s`)
  }
  table('At rest, for each peer', IDLE, figures.map(rest))
  table(
    'A run with half as many lanes as peers',
    WORK,
    figures.map(({ peers, fan }) => work(peers, fan)),
  )
  table(
    'Runs of a source and three lanes, one after the other',
    WORK,
    figures.map(({ peers, trickle }) => work(peers, trickle)),
  )
  console.log('A message is heard by all: each peer hears as many per task as are sent.')
  if (values.calls) for (const { peers, fan, trickle } of figures) tellCalls(peers, [fan, trickle])
}

function links(peers: string): string[] {
  const args = ['--expose-gc', LINKS_PROGRAM, peers, values['idle-seconds']]
  const told = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as LinkFigures
  return [
    peers,
    String(told.ends),
    (told.rssMb / told.ends).toFixed(2),
    (told.fileDescriptors / told.ends).toFixed(2),
    (told.idleCpuMs / told.peers).toFixed(2),
    (told.messageCpuMs / told.messageHeard).toFixed(2),
    told.messageHeard.toFixed(1),
  ]
}

function rest({ peers, startLooks, idle }: ModelFigures): string[] {
  return [
    String(peers),
    startLooks.toFixed(1),
    idle.calls.toFixed(2),
    (idle.bytesRead / 1000).toFixed(1),
    idle.cpuMs.toFixed(2),
    idle.ledgerCpuMs.toFixed(2),
  ]
}

function work(peers: number, figures: WorkFigures): string[] {
  return [
    String(peers),
    String(figures.tasks),
    figures.calls.toFixed(1),
    figures.triesPerClaim.toFixed(2),
    figures.messages.toFixed(1),
    figures.bytes.toFixed(0),
    figures.cpuMs.toFixed(1),
    figures.tookMs.toFixed(0),
  ]
}

function tellCalls(peers: number, all: readonly WorkFigures[]): void {
  for (const { tasks, byName } of all) {
    const names = byName.map(([name, calls]) => `${name} ${calls.toFixed(2)}`).join(', ')
    console.log(`calls per task, ${peers} peers, ${tasks} tasks: ${names}`)
  }
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`
  console.log([`${title}:`, '', line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n'))
}

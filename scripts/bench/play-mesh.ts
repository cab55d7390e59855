/**
 * What a mesh of many peers costs, from real supervisors in virtual time with the timing of several hosts: the ledger answers after 4 ms, hints
 * take 3 ms, each message is heard once by everybody. Counts, not times: the machine does not matter; only CPU is measured.
 * `--links`: instead of that, so many real libp2p meshes in one process on loopback, and what connections and messages cost them.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { mesh } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import type { Values } from './harness/options.ts'
import type { Report } from './harness/report.ts'
import type { LinkFigures } from './links-process.ts'
import { type ModelFigures, modelMesh, type WorkFigures } from './model/mesh-model.ts'

type Asked = Values<typeof mesh.options>

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
const LINKS_PROGRAM = fileURLToPath(new URL('links-process.ts', import.meta.url))

export function playMesh(asked: Asked, run: BenchRun): Promise<Report> {
  return asked.links.length > 0 ? playLinks(asked, run) : playModel(asked, run)
}

async function playModel(asked: Asked, run: BenchRun): Promise<Report> {
  const figures: ModelFigures[] = []
  for (const [done, peers] of asked.peers.entries()) {
    run.progress(`a model of ${peers} peers`, { done, all: asked.peers.length })
    figures.push(await modelMesh(peers, asked['idle-seconds'] * 1000))
  }
  const calls = figures.flatMap(({ peers, fan, trickle }) => [fan, trickle].map(work => describeCalls(peers, work)))
  return {
    tables: [
      { title: 'At rest, for each peer', head: IDLE, rows: figures.map(rest) },
      {
        title: 'A run with half as many lanes as peers',
        head: WORK,
        rows: figures.map(({ peers, fan }) => work(peers, fan)),
      },
      {
        title: 'Runs of a source and three lanes, one after the other',
        head: WORK,
        rows: figures.map(({ peers, trickle }) => work(peers, trickle)),
      },
    ],
    remarks: [
      'A message is heard by all: each peer hears as many per task as are sent.',
      ...(asked.calls ? calls : []),
    ],
    figures,
  }
}

async function playLinks(asked: Asked, run: BenchRun): Promise<Report> {
  const figures: LinkFigures[] = []
  for (const [done, peers] of asked.links.entries()) {
    run.progress(`${peers} connected peers`, { done, all: asked.links.length })
    const args = ['--expose-gc', LINKS_PROGRAM, String(peers), String(asked['idle-seconds'])]
    figures.push(JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as LinkFigures)
  }
  return { tables: [{ title: 'Real connections on loopback', head: LINKS, rows: figures.map(links) }], figures }
}

function links(told: LinkFigures): string[] {
  return [
    String(told.peers),
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

function describeCalls(peers: number, { tasks, byName }: WorkFigures): string {
  const names = byName.map(([name, calls]) => `${name} ${calls.toFixed(2)}`).join(', ')
  return `Calls per task, ${peers} peers, ${tasks} tasks: ${names}.`
}

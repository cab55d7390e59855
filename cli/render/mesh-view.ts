/** The mesh in the terminal: who is there, what waits, what runs. Pure: view in, text out. */
import type { MeshStatusView, PeerView, RunView } from '../../src/index.ts'
import { badgeOf, dot, PEER_LOOKS, type Surface } from './colours.ts'
import { shortTask } from './dag-blocks.ts'
import { formatAge, formatDuration } from './duration.ts'
import { busyBar, countsLine, endedOf, progressBar, totalOf } from './progress.ts'
import { durationOf } from './run-view.ts'
import { table } from './table.ts'
import { harmless, truncate, wrap } from './text.ts'

const BUSY_BAR_COLUMNS = 5
const RUN_BAR_COLUMNS = 20
const MAX_RUNS_SHOWN = 8
const MAX_DEAD_SHOWN = 5

const PROOFS: Record<string, string> = {
  lock: 'its process is gone',
  silence: 'its beat stopped',
  left: 'it left',
  restart: 'it was restarted',
  evicted: 'it was evicted',
}

export function meshStatus(mesh: MeshStatusView, surface: Surface): string {
  const running = mesh.runs.filter(({ state }) => state === 'running')
  return [
    ...head(mesh, surface),
    '',
    ...peerLines(mesh.peers, surface),
    ...section('BACKLOG', backlogLines(mesh, surface), surface),
    ...section('RUNS', runLines(running, surface), surface),
    ...warnings(mesh, surface),
    '',
    ...foot(mesh, surface),
  ].join('\n')
}

function head({ peers }: MeshStatusView, surface: Surface): string[] {
  const { palette } = surface
  const live = peers.filter(({ state }) => state !== 'dead')
  const dead = peers.length - live.length
  const busy = live.reduce((sum, peer) => sum + peer.busy, 0)
  const capacity = live.reduce((sum, peer) => sum + peer.capacity, 0)
  const facts = [
    palette.bold(`${live.length} ${live.length === 1 ? 'peer' : 'peers'}`),
    ...(dead > 0 ? [palette.red(`${dead} dead`)] : []),
    ...(live.length > 0
      ? [`${busy} ${busy === 1 ? 'task' : 'tasks'} running`, palette.dim(`capacity ${capacity}`)]
      : []),
  ]
  return [`  ${facts.join(dot(surface))}`]
}

function peerLines(peers: readonly PeerView[], surface: Surface): string[] {
  if (peers.length === 0) return ['  No peer is alive: nothing runs.', surface.palette.dim('  Start one with: lf node')]
  const live = peers.filter(({ state }) => state !== 'dead')
  const allDead = peers.filter(({ state }) => state === 'dead')
  const dead = allDead.slice(0, MAX_DEAD_SHOWN)
  const lines = table(
    [
      { title: 'PEER', shrinkTo: 8 },
      { title: 'STATE' },
      { title: 'BUSY' },
      { title: 'QUEUES', shrinkTo: 6 },
      { title: 'LINKS', align: 'right' },
      { title: 'BEAT', align: 'right' },
      { title: 'HOST', shrinkTo: 6, fromColumns: 100 },
      { title: 'VERSION', fromColumns: 110 },
      { title: 'RUNNING', shrinkTo: 8 },
    ],
    [...live, ...dead].map(peer => (peer.state === 'dead' ? deadRow(peer, surface) : liveRow(peer, live, surface))),
    surface,
  )
  const more = allDead.length - dead.length
  if (more > 0) lines.push(surface.palette.dim(`  and ${more} more dead`))
  return live.length > 0
    ? lines
    : [...lines, '', `  No peer is alive: nothing runs.`, surface.palette.dim('  Start one with: lf node')]
}

function liveRow(peer: PeerView, live: readonly PeerView[], surface: Surface): string[] {
  const { palette } = surface
  const others = live.filter(({ session }) => session !== peer.session)
  const linked = others.filter(({ name }) => peer.connected.includes(name)).length
  const links = `${linked}/${others.length}`
  const [first, ...more] = peer.running
  return [
    harmless(peer.name),
    badgeOf(PEER_LOOKS[peer.state], surface),
    `${busyBar(peer.busy, peer.capacity, BUSY_BAR_COLUMNS, surface)} ${peer.busy}/${peer.capacity}`,
    harmless(peer.queues.join(',')),
    linked < others.length ? palette.yellow(links) : links,
    formatAge(surface.now - Date.parse(peer.lastBeatAt)),
    harmless(peer.host),
    harmless(peer.version),
    first === undefined
      ? palette.dim('idle')
      : harmless(shortTask(first)) + (more.length > 0 ? palette.dim(` +${more.length}`) : ''),
  ]
}

function deadRow(peer: PeerView, surface: Surface): string[] {
  const { palette, now } = surface
  const since = palette.dim(formatAge(now - Date.parse(peer.deadAt ?? peer.lastBeatAt)))
  const why = PROOFS[peer.deathProof ?? ''] ?? peer.deathProof ?? 'buried'
  const name = palette.dim(harmless(peer.name))
  const host = palette.dim(harmless(peer.host))
  const version = palette.dim(harmless(peer.version))
  return [name, badgeOf(PEER_LOOKS.dead, surface), '', '', '', since, host, version, palette.dim(harmless(why))]
}

function backlogLines({ backlog, unservedQueues }: MeshStatusView, surface: Surface): string[] {
  const queues = Object.entries(backlog).filter(([, count]) => count > 0)
  if (queues.length === 0) return []
  const facts = queues.map(([queue, count]) => {
    const text = `${count} ready in ${harmless(queue)}`
    return unservedQueues.includes(queue) ? surface.palette.yellow(text) : text
  })
  return [truncate(`  ${facts.join(dot(surface))}`, surface.columns, { ascii: !surface.unicode })]
}

function runLines(runs: readonly RunView[], surface: Surface): string[] {
  if (runs.length === 0) return []
  const rows = runs
    .slice(0, MAX_RUNS_SHOWN)
    .map(run => [
      harmless(run.run),
      progressBar(run.tasks, RUN_BAR_COLUMNS, surface),
      `${endedOf(run.tasks)}/${totalOf(run.tasks)}`,
      durationOf(run, surface.now) ?? surface.palette.cyan('waiting'),
      countsLine(run.tasks, surface, ['claimed', 'failed', 'lost']),
    ])
  const columns = [{ title: '', shrinkTo: 16 }, { title: '' }, { title: '', align: 'right' as const }]
  const lines = table([...columns, { title: '', align: 'right' }, { title: '', shrinkTo: 8 }], rows, surface).slice(1)
  if (runs.length > MAX_RUNS_SHOWN)
    lines.push(surface.palette.dim(`  and ${runs.length - MAX_RUNS_SHOWN} more: lf workflow status`))
  return lines
}

function warnings({ backlog, peers, unservedQueues }: MeshStatusView, surface: Surface): string[] {
  // Without any peer that is said already, once.
  if (peers.every(({ state }) => state === 'dead')) return []
  const { palette, columns, unicode } = surface
  return unservedQueues.flatMap(queue => {
    const count = backlog[queue] ?? 0
    const waiting = count === 0 ? '' : `${count} ready ${count === 1 ? 'task waits' : 'tasks wait'}: `
    const text = `${waiting}no peer serves queue ${harmless(queue)}.`
    return [
      '',
      `  ${palette.yellow(unicode ? '▲' : '!')} ${wrap(text, columns, 4)}`,
      palette.dim(`    Start a peer for it with: lf node --queues ${harmless(queue)}`),
    ]
  })
}

function foot({ ledger, metrics }: MeshStatusView, surface: Surface): string[] {
  const { palette, columns, unicode } = surface
  const facts: string[] = []
  if (metrics.readyToClaimedP50Ms !== null)
    facts.push(`ready to claimed in ${formatDuration(metrics.readyToClaimedP50Ms)}`)
  if (metrics.claimAttemptsPerWin !== null) facts.push(`${metrics.claimAttemptsPerWin.toFixed(2)} tries a claim`)
  const lines = [`ledger ${harmless(ledger.location)}`, facts.join(unicode ? ' · ' : ', ')]
  return lines.filter(line => line !== '').map(line => palette.dim(truncate(`  ${line}`, columns, { ascii: !unicode })))
}

function section(title: string, lines: string[], { palette }: Surface): string[] {
  return lines.length === 0 ? [] : ['', palette.dim(`  ${title}`), ...lines]
}

/** The mesh in the terminal: who is there, what waits, what runs. Pure: view in, text out. */
import type { MeshStatusView, PeerView, RunView } from '../../src/index.ts'
import { badgeOf, dot, EVICTED_LOOK, PEER_LOOKS, SILENT_LOOK, type Surface } from './colours.ts'
import { shortTask } from './dag-blocks.ts'
import { formatAge, formatDuration } from './duration.ts'
import { busyBar, countsLine, endedOf, progressBar, totalOf } from './progress.ts'
import { durationOf, NOT_BEGUN } from './run-view.ts'
import { table } from './table.ts'
import { harmless, truncate } from './text.ts'
import { troubleLines } from './trouble-lines.ts'

const BUSY_BAR_COLUMNS = 5
const RUN_BAR_COLUMNS = 20
const MAX_RUNS_SHOWN = 8
const MAX_DEAD_SHOWN = 5
const MAX_TROUBLES_SHOWN = 12
/** Narrower terminals get no bars and no columns that can be done without. */
const ROOMY_COLUMNS = 64
const FULL_TASK_COLUMNS = 110

const PROOFS: Record<string, string> = {
  lock: 'its process is gone',
  silence: 'its beat stopped',
  refused: 'its port refuses connections',
  left: 'it left',
  restart: 'it was restarted',
}

/** What needs somebody stands last, next to the prompt; `urgentFirst` where the end of a long picture is cut off. */
export function meshStatus(mesh: MeshStatusView, surface: Surface, { urgentFirst = false } = {}): string {
  const running = mesh.runs.filter(({ state }) => state === 'running')
  const urgent = attention(mesh, surface)
  return [
    ...head(mesh, surface),
    '',
    ...peerLines(mesh, surface),
    ...(urgentFirst ? urgent : []),
    ...section('BACKLOG', backlogLines(mesh, surface), surface),
    ...section('RUNS', runLines(running, surface), surface),
    ...(urgentFirst ? [] : urgent),
    '',
    ...foot(mesh, surface),
  ]
    .map(line => truncate(line, surface.columns, { ascii: !surface.unicode }))
    .join('\n')
}

function head({ peers }: MeshStatusView, surface: Surface): string[] {
  const { palette } = surface
  const live = peers.filter(({ state }) => state !== 'dead')
  const dead = peers.length - live.length
  const busy = live.reduce((sum, peer) => sum + busyNow(peer), 0)
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

function peerLines({ peers, left, runs }: MeshStatusView, surface: Surface): string[] {
  if (peers.length === 0) return ['  No peer is alive: nothing runs.', surface.palette.dim('  Start one with: lf node')]
  const live = peers.filter(({ state }) => state !== 'dead')
  // Two runs of one workflow have tasks of the same names.
  const several = runs.filter(({ state }) => state === 'running').length > 1
  const named = several ? (task: string) => taskOfRun(task, surface) : shortTask
  const allDead = peers.filter(({ state }) => state === 'dead')
  const dead = allDead.slice(0, MAX_DEAD_SHOWN)
  const lines = table(
    [
      { title: 'PEER', shrinkTo: 8 },
      { title: 'STATE' },
      { title: 'BUSY' },
      { title: 'QUEUES', shrinkTo: 6, fromColumns: ROOMY_COLUMNS },
      { title: 'LINKS', align: 'right', fromColumns: 50 },
      { title: 'BEAT', align: 'right' },
      { title: 'HOST', shrinkTo: 6, fromColumns: 100 },
      { title: 'VERSION', fromColumns: 110 },
      { title: 'DAGS', align: 'right', fromColumns: 90 },
      { title: 'RUNNING', shrinkTo: 8, fromColumns: ROOMY_COLUMNS },
    ],
    [...live, ...dead].map(peer =>
      peer.state === 'dead' ? deadRow(peer, surface) : liveRow(peer, { live, named }, surface),
    ),
    surface,
  )
  lines.push(...leftLines(left, surface))
  const more = allDead.length - dead.length
  if (more > 0) lines.push(surface.palette.dim(`  and ${more} more dead`))
  return live.length > 0
    ? lines
    : [...lines, '', `  No peer is alive: nothing runs.`, surface.palette.dim('  Start one with: lf node')]
}

/** Who said goodbye, in one line. */
function leftLines(left: MeshStatusView['left'], { palette, now, columns, unicode }: Surface): string[] {
  if (left.length === 0) return []
  const told = left.map(({ name, at, drainAskedBy }) => {
    const why = drainAskedBy === undefined ? '' : `, drained by ${harmless(drainAskedBy)}`
    return `${harmless(name)} (${formatAge(now - Date.parse(at))} ago${why})`
  })
  return [palette.dim(truncate(`  left: ${told.join(', ')}`, columns, { ascii: !unicode }))]
}

function liveRow(
  peer: PeerView,
  { live, named }: { live: readonly PeerView[]; named: (task: string) => string },
  surface: Surface,
): string[] {
  const { palette } = surface
  const others = live.filter(({ session }) => session !== peer.session)
  const connected = new Set(peer.connected)
  const linked = others.filter(({ name }) => connected.has(name)).length
  const links = `${linked}/${others.length}`
  const [first, ...more] = peer.running
  return [
    harmless(peer.name),
    badgeOf(peer.silentMs > 0 ? SILENT_LOOK : PEER_LOOKS[peer.state], surface),
    surface.columns < ROOMY_COLUMNS
      ? `${busyNow(peer)}/${peer.capacity}`
      : `${busyBar(busyNow(peer), peer.capacity, BUSY_BAR_COLUMNS, surface)} ${busyNow(peer)}/${peer.capacity}`,
    harmless(
      [...peer.queues, ...Object.entries(peer.resources).map(([name, amount]) => `${name}=${amount}`)].join(','),
    ),
    linked < others.length ? palette.yellow(links) : links,
    peer.silentMs > 0 ? palette.red(formatAge(peer.silentMs)) : formatAge(surface.now - Date.parse(peer.lastBeatAt)),
    harmless(peer.host),
    harmless(peer.version),
    peer.supervises.length === 0 ? '' : String(peer.supervises.length),
    first === undefined
      ? palette.dim('idle')
      : harmless(named(first)) +
        (more.length > 0 ? palette.dim(` +${more.length}`) : '') +
        (peer.joining > 0 ? palette.dim(` (${peer.joining} in a join)`) : ''),
  ]
}

/** `run/dag:n/task`; where that leaves no room for the task, without the DAG. */
function taskOfRun(task: string, { columns, unicode }: Surface): string {
  const [run = '', ...inside] = task.split('/')
  return columns < FULL_TASK_COLUMNS ? `${run}/${unicode ? '…' : '~'}/${inside.at(-1) ?? ''}` : task
}

/** As of now: what the peer reports of itself is as old as its last beat. */
function busyNow({ running, joining, capacity }: PeerView): number {
  return Math.min(capacity, running.length - joining)
}

function deadRow(peer: PeerView, surface: Surface): string[] {
  const { palette, now } = surface
  const since = palette.dim(formatAge(now - Date.parse(peer.deadAt ?? peer.lastBeatAt)))
  const why = peer.evictedBy === undefined ? (PROOFS[peer.deathProof ?? ''] ?? 'buried') : `by ${peer.evictedBy}`
  const name = palette.dim(harmless(peer.name))
  const host = palette.dim(harmless(peer.host))
  const version = palette.dim(harmless(peer.version))
  const look = peer.deathProof === 'evicted' ? EVICTED_LOOK : PEER_LOOKS.dead
  return [name, badgeOf(look, surface), '', '', '', since, host, version, '', palette.dim(harmless(why))]
}

function backlogLines({ backlog, peers }: MeshStatusView, surface: Surface): string[] {
  const { palette, columns } = surface
  const live = peers.filter(({ state }) => state !== 'dead')
  return Object.entries(backlog)
    .filter(([, count]) => count > 0)
    .map(([queue, count]) => {
      const serving = live.filter(peer => isServedBy(queue, peer)).length
      const peersThere = `${serving} ${serving === 1 ? 'peer' : 'peers'}`
      const served = serving === 0 ? palette.red('no peer serves it') : palette.dim(`served by ${peersThere}`)
      return truncate(`  ${count} ready in ${harmless(queue)}${dot(surface)}${served}`, columns, {
        ascii: !surface.unicode,
      })
    })
}

function runLines(runs: readonly RunView[], surface: Surface): string[] {
  if (runs.length === 0) return []
  const rows = runs
    .slice(0, MAX_RUNS_SHOWN)
    .map(run => [
      harmless(run.run),
      surface.columns < ROOMY_COLUMNS ? '' : progressBar(run.tasks, RUN_BAR_COLUMNS, surface),
      `${endedOf(run.tasks)}/${totalOf(run.tasks)}`,
      durationOf(run, surface.now) ?? surface.palette.cyan(NOT_BEGUN),
      countsLine(run.tasks, surface, ['claimed', 'failed', 'lost']),
    ])
  const columns = [{ title: '', shrinkTo: 16 }, { title: '' }, { title: '', align: 'right' as const }]
  const counts = { title: '', shrinkTo: 8, fromColumns: 50 }
  const lines = table([...columns, { title: '', align: 'right' }, counts], rows, surface).slice(1)
  if (runs.length > MAX_RUNS_SHOWN)
    lines.push(surface.palette.dim(`  and ${runs.length - MAX_RUNS_SHOWN} more: lf workflow status`))
  return lines
}

/** What needs somebody, the worst first, each with what to type. */
function attention(mesh: MeshStatusView, surface: Surface): string[] {
  // That no peer is alive stands below the peers already.
  const all = mesh.troubles.filter(({ kind }) => kind !== 'no-peer')
  if (all.length === 0) return []
  const shown = all.slice(0, MAX_TROUBLES_SHOWN)
  const lines = shown.flatMap(trouble => troubleLines(trouble, surface))
  const more = all.length - shown.length
  return section(
    'ATTENTION',
    [...lines, ...(more > 0 ? [surface.palette.dim(`  and ${more} more: --json`)] : [])],
    surface,
  )
}

function foot({ ledger, metrics }: MeshStatusView, surface: Surface): string[] {
  const { palette, columns, unicode } = surface
  const facts: string[] = []
  if (metrics.readyToClaimedP50Ms !== null)
    facts.push(`ready to claimed in ${formatDuration(metrics.readyToClaimedP50Ms)}`)
  if (metrics.claimAttemptsPerWin !== null) facts.push(`${metrics.claimAttemptsPerWin.toFixed(2)} tries a claim`)
  if (metrics.hints.published > 0) facts.push(hintsOf(metrics.hints))
  const health = `ledger ${harmless(ledger.location)}, answers in ${formatRoundTrip(ledger.roundTripMs)}`
  const lines = [health, facts.join(unicode ? ' · ' : ', ')]
  return lines.filter(line => line !== '').map(line => palette.dim(truncate(`  ${line}`, columns, { ascii: !unicode })))
}

function hintsOf({ published, received }: MeshStatusView['metrics']['hints']): string {
  return `${published} ${published === 1 ? 'hint' : 'hints'} sent, ${received} heard`
}

function section(title: string, lines: string[], { palette }: Surface): string[] {
  return lines.length === 0 ? [] : ['', palette.dim(`  ${title}`), ...lines]
}

function formatRoundTrip(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : formatDuration(ms)
}

/** `queue:gpu=1`: with what its tasks need. */
function isServedBy(queue: string, { queues, resources }: PeerView): boolean {
  const [name = '', needs = ''] = queue.split(':')
  const isEnough = needs.split(',').every(need => {
    const [what = '', amount = '0'] = need.split('=')
    return (resources[what] ?? 0) >= Number(amount)
  })
  return isEnough && queues.includes(name)
}

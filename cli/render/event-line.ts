/** One event of the mesh as a line: time, what happened, to what, where, and how long it took or why. Pure. */
import type { MeshEventView } from '../../src/index.ts'
import { RUN_LOOKS, type Palette, type Surface } from './colours.ts'
import { formatDuration } from './duration.ts'
import { harmless, pad, truncate } from './text.ts'

type Kind = MeshEventView['event']

const LOOKS: Record<Kind, { symbol: string; ascii: string; colour: keyof Palette; label: string }> = {
  'run-submitted': { symbol: '▹', ascii: '>', colour: 'cyan', label: 'submitted' },
  'run-started': { symbol: '▸', ascii: '>', colour: 'blue', label: 'run started' },
  'run-stopping': { symbol: '■', ascii: '#', colour: 'yellow', label: 'stopping' },
  'run-ended': { symbol: '■', ascii: '#', colour: 'green', label: 'run ended' },
  'task-queued': { symbol: '○', ascii: 'o', colour: 'cyan', label: 'queued' },
  'task-started': { symbol: '●', ascii: '*', colour: 'blue', label: 'started' },
  'task-succeeded': { symbol: '✓', ascii: '+', colour: 'green', label: 'succeeded' },
  'task-skipped': { symbol: '↷', ascii: '-', colour: 'dim', label: 'skipped' },
  'task-failed': { symbol: '✗', ascii: 'x', colour: 'red', label: 'failed' },
  'task-stopped': { symbol: '■', ascii: '#', colour: 'yellow', label: 'stopped' },
  'task-aborted': { symbol: '✗', ascii: 'x', colour: 'red', label: 'aborted' },
  'task-cancelled': { symbol: '⊘', ascii: '/', colour: 'dim', label: 'cancelled' },
  'task-retried': { symbol: '↻', ascii: '~', colour: 'yellow', label: 'retried' },
  'task-released': { symbol: '↩', ascii: '<', colour: 'yellow', label: 'given back' },
  'task-taken-over': { symbol: '⇄', ascii: '=', colour: 'yellow', label: 'taken over' },
  'task-lost': { symbol: '?', ascii: '?', colour: 'magenta', label: 'lost' },
  'task-quarantined': { symbol: '✗', ascii: 'x', colour: 'red', label: 'quarantined' },
  'peer-joined': { symbol: '●', ascii: '*', colour: 'green', label: 'joined' },
  'peer-draining': { symbol: '◐', ascii: '%', colour: 'yellow', label: 'draining' },
  'peer-left': { symbol: '○', ascii: 'o', colour: 'dim', label: 'left' },
  'peer-silent': { symbol: '◌', ascii: '~', colour: 'red', label: 'silent' },
  'peer-back': { symbol: '●', ascii: '*', colour: 'green', label: 'back' },
  'peer-dead': { symbol: '✗', ascii: 'x', colour: 'red', label: 'dead' },
  'peer-evicted': { symbol: '✗', ascii: 'x', colour: 'red', label: 'evicted' },
}

const LABEL_COLUMNS = 13
/** Below it a line has no room for the run of a task. */
const ROOMY_COLUMNS = 60

const PROOFS: Record<string, string> = {
  lock: 'its process is gone',
  silence: 'its beat stopped',
  restart: 'it was restarted',
}

/** Never wider than the surface. */
export function eventLine(event: MeshEventView, surface: Surface): string {
  const { palette, unicode, columns } = surface
  const { symbol, ascii, colour, label } = lookOf(event)
  const what = palette[colour](
    pad(`${unicode ? symbol : ascii} ${label}`, columns < ROOMY_COLUMNS ? 0 : LABEL_COLUMNS + 2),
  )
  const facts = [subjectOf(event, columns < ROOMY_COLUMNS), ...detailsOf(event).map(palette.dim)]
  const line = `${palette.dim(clockOf(event.at, surface))}  ${what}  ${facts.filter(fact => fact !== '').join('  ')}`
  return truncate(line, columns, { ascii: !unicode })
}

function lookOf({ event, state }: MeshEventView): (typeof LOOKS)[Kind] {
  if (event !== 'run-ended' || state === undefined) return LOOKS[event]
  return { ...RUN_LOOKS[state], label: `run ${RUN_LOOKS[state].label}` }
}

function subjectOf({ run, dag, task, peer }: MeshEventView, short: boolean): string {
  if (run === undefined) return harmless(peer ?? '')
  if (task === undefined) return harmless(run)
  return harmless(`${short ? '' : `${run}/`}${dag ?? ''}/${task}`)
}

function detailsOf({ event, run, workflow, peer, host, durationMs, error, by, proof, epoch }: MeshEventView): string[] {
  const ofTask = event.startsWith('task-')
  return [
    ofTask && peer !== undefined ? peer : '',
    ofTask && event === 'task-started' && (epoch ?? 1) > 1 ? 'again' : '',
    event === 'peer-joined' && host !== undefined ? `on ${host}` : '',
    run !== undefined && event === 'run-submitted' ? (workflow ?? '') : '',
    durationMs === undefined
      ? ''
      : event === 'peer-silent'
        ? `for ${formatDuration(durationMs)}`
        : formatDuration(durationMs),
    proof === undefined ? '' : (PROOFS[proof] ?? ''),
    // A session that buried another one means nothing to a reader.
    by === undefined || event === 'peer-dead' ? '' : `by ${by}`,
    error?.message ?? '',
  ].map(harmless)
}

function clockOf(at: string, { timeZone }: Surface): string {
  const options = { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone } as const
  return new Intl.DateTimeFormat('sv-SE', options).format(Date.parse(at))
}

/** A run in the terminal: its head with the progress bar, its DAGs as trees, what went wrong. Pure: view in, text out. */
import type { RunDetailsView, RunView } from '../../src/index.ts'
import { badgeOf, dot, RUN_LOOKS, UNBEGUN_LOOK, type Surface } from './colours.ts'
import { dagBlocks } from './dag-blocks.ts'
import { formatDuration, formatMoment } from './duration.ts'
import { countsLine, endedOf, progressBar, totalOf } from './progress.ts'
import { runErrors } from './run-errors.ts'
import { table } from './table.ts'
import { ends, harmless, truncate, wrap } from './text.ts'
import { runTroubleLines } from './trouble-lines.ts'

const MAX_BAR_COLUMNS = 60
/** Instead of a duration. */
export const NOT_BEGUN = 'not begun'

/** Everything about one run; more than three copies of a blueprint are folded into one tree with counts unless `all`. */
export function runDetails(run: RunDetailsView, surface: Surface, { all = false } = {}): string {
  return [...runHead(run, surface), '', ...dagBlocks(run.dags, surface, { all }), ...runErrors(run, surface)].join('\n')
}

/** One run without its DAGs. */
export function runSummary(run: RunView, surface: Surface): string {
  return [...runHead(run, surface), ...runErrors(run, surface)].join('\n')
}

/** The newest runs, one a line. */
export function runTable(runs: RunView[], surface: Surface): string {
  if (runs.length === 0) return `  No runs yet.\n${surface.palette.dim('  Start one with: lf workflow start NAME')}`
  return table(
    [
      { title: 'RUN', shrinkTo: 16 },
      { title: 'WORKFLOW', shrinkTo: 10, fromColumns: 110 },
      { title: 'STATE' },
      { title: 'TASKS', align: 'right' },
      { title: '', fromColumns: 60 },
      { title: 'STARTED', fromColumns: 70 },
      { title: 'TIME', align: 'right', fromColumns: 50 },
      { title: 'BY', shrinkTo: 6, fromColumns: 100 },
    ],
    runs.map(run => [
      harmless(run.run),
      harmless(run.workflow),
      runBadge(run, surface),
      `${endedOf(run.tasks)}/${totalOf(run.tasks)}`,
      progressBar(run.tasks, 8, surface),
      formatMoment(run.startedAt ?? run.createdAt, surface.now, surface.timeZone),
      durationOf(run, surface.now) ?? (isUnbegun(run) ? NOT_BEGUN : ''),
      harmless(run.submittedBy),
    ]),
    surface,
  ).join('\n')
}

/** How long it has run, or ran; undefined before its first task was claimed. */
export function durationOf(run: RunView, now: number): string | undefined {
  if (run.durationMs !== null) return formatDuration(run.durationMs)
  return run.startedAt === null ? undefined : formatDuration(now - Date.parse(run.startedAt))
}

/** `● running`, or `○ running` while no peer has begun it: one word for one state, as in `--json`. */
function runBadge(run: RunView, surface: Surface): string {
  return badgeOf(isUnbegun(run) ? UNBEGUN_LOOK : RUN_LOOKS[run.state], surface)
}

function isUnbegun({ state, startedAt }: RunView): boolean {
  return state === 'running' && startedAt === null
}

function runHead(run: RunView, surface: Surface): string[] {
  const { palette, columns, unicode } = surface
  const held = runTroubleLines(run, surface)
  const fits = (line: string): string => truncate(line, columns, { ascii: !unicode })
  const time = durationOf(run, surface.now)
  const state = runBadge(run, surface) + (time === undefined ? '' : `  ${time}`)
  const submitted = `submitted by ${harmless(run.submittedBy)} at ${formatMoment(run.createdAt, surface.now, surface.timeZone)}`
  const args = Object.entries(run.args).map(([key, value]) => `${key}=${harmless(String(value))}`)
  const counts = `${endedOf(run.tasks)}/${totalOf(run.tasks)}`
  const barColumns = Math.min(MAX_BAR_COLUMNS, columns - counts.length - 6)
  return [
    ends(`  ${palette.bold(harmless(run.run))}`, state, columns, { ascii: !unicode }),
    fits(`  ${palette.dim(submitted)}`),
    ...(run.retryOf === undefined ? [] : [fits(`  ${palette.dim(`tries ${harmless(run.retryOf)} again`)}`)]),
    ...(args.length === 0
      ? []
      : `  ${wrap(args.join(' '), columns, 2)}`.split('\n').map(line => palette.dim(fits(line)))),
    '',
    `  ${progressBar(run.tasks, barColumns, surface)}  ${counts}`,
    fits(`  ${countsLine(run.tasks, surface)}`),
    ...(isUnbegun(run) && held.length === 0 ? [fits(notTaken(run, surface))] : []),
    ...(held.length === 0 ? [] : ['', ...held]),
  ]
}

/** Without a look at the peers nobody knows whether there is one. */
function notTaken({ troubles }: RunView, surface: Surface): string {
  const { palette } = surface
  const start = troubles === undefined ? dot(surface) + palette.dim('start one with: lf node') : ''
  return `  ${palette.cyan('no peer has taken it yet')}${start}`
}

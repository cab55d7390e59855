/** A run while somebody waits for it: two lines on a terminal, single lines elsewhere, and the summary at the end. */
import type { RunView } from '../../src/index.ts'
import { badgeOf, RUN_LOOKS, type Surface } from './colours.ts'
import { formatDuration } from './duration.ts'
import { countsLine, endedOf, progressBar, totalOf } from './progress.ts'
import { runErrors } from './run-errors.ts'
import { durationOf, NOT_BEGUN } from './run-view.ts'
import { harmless, truncate, wrap } from './text.ts'
import { runTroubleLines } from './trouble-lines.ts'

const MAX_BAR_COLUMNS = 40

/** Repainted in place. */
export function waitFrame(run: RunView, surface: Surface): string {
  const counts = `${endedOf(run.tasks)}/${totalOf(run.tasks)}`
  const time = durationOf(run, surface.now) ?? NOT_BEGUN
  const barColumns = Math.max(8, Math.min(MAX_BAR_COLUMNS, surface.columns - counts.length - time.length - 8))
  return [
    `  ${progressBar(run.tasks, barColumns, surface)}  ${counts}  ${surface.palette.dim(time)}`,
    truncate(`  ${countsLine(run.tasks, surface)}`, surface.columns, { ascii: !surface.unicode }),
    ...(run.tasks.lost ? [`  ${wrap(decideLost(run), surface.columns, 2)}`] : []),
    ...runTroubleLines(run, surface),
  ].join('\n')
}

/** Without a decision the run never ends, and neither does the wait. */
function decideLost({ run, tasks }: RunView): string {
  return `${tasks.lost === 1 ? 'A lost task waits' : 'Lost tasks wait'} for a decision: lf workflow show ${run}`
}

/** `215/324 tasks, 4 running, 1 failed`: for logs, where nothing can be repainted. */
export function waitLine(run: RunView): string {
  const { tasks } = run
  const facts = [`${endedOf(tasks)}/${totalOf(tasks)} tasks`]
  if (tasks.claimed) facts.push(`${tasks.claimed} running`)
  if (tasks.failed) facts.push(`${tasks.failed} failed`)
  if (tasks.lost) facts.push(`${tasks.lost} lost. ${decideLost(run)}`)
  const held = (run.troubles ?? []).filter(({ kind }) => kind !== 'lost').slice(0, MAX_TROUBLES_IN_LINE)
  return [facts.join(', '), ...held.map(troubleText)].join('. ')
}

const MAX_TROUBLES_IN_LINE = 2

function troubleText({ message, command }: NonNullable<RunView['troubles']>[number]): string {
  const sentence = harmless(message).replace(/\.$/, '')
  return command === undefined ? sentence : `${sentence}: ${command}`
}

/** What to type once the cause is mended. */
function retryHint({ state, run }: RunView, { palette, columns }: Surface): string[] {
  if (state === 'succeeded') return []
  return `  ${wrap(`Again, without what is done: lf workflow retry ${run}`, columns, 4)}`.split('\n').map(palette.dim)
}

export function waitSummary(run: RunView, surface: Surface): string {
  const time = run.durationMs === null ? '' : ` ${surface.palette.dim(`in ${formatDuration(run.durationMs)}`)}`
  const next = run.state === 'succeeded' ? `lf workflow result ${run.run}` : `lf workflow show ${run.run}`
  return [
    `  ${badgeOf(RUN_LOOKS[run.state], surface)}${time}`,
    truncate(`  ${countsLine(run.tasks, surface)}`, surface.columns, { ascii: !surface.unicode }),
    ...runErrors(run, surface),
    ...retryHint(run, surface),
    ...`  ${wrap(`${run.state === 'succeeded' ? 'Results' : 'Details'}: ${next}`, surface.columns, 4)}`
      .split('\n')
      .map(line => surface.palette.dim(line)),
  ].join('\n')
}

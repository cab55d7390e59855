/** What went wrong in a run, with where to look next. */
import type { DagView, RunDetailsView, RunView, TaskView } from '../../src/index.ts'
import { symbolOf, TASK_LOOKS, type Surface } from './colours.ts'
import { lastName } from './task-tree.ts'
import { harmless, truncate, wrap } from './text.ts'

type ErrorRecord = NonNullable<RunView['error']>

/** A failed beamtime may have thousands of the same error: the first ones tell the story. */
const MAX_ERRORS_SHOWN = 5
const MAX_STACK_LINES = 3
const MAX_PROSE_COLUMNS = 100

/** Empty when nothing went wrong. */
export function runErrors(run: RunView | RunDetailsView, surface: Surface): string[] {
  const failures = 'dags' in run ? run.dags.flatMap(failuresOf) : []
  const shown = failures.slice(0, MAX_ERRORS_SHOWN)
  const lines = shown.flatMap(({ dag, task, error }) => [
    truncate(failureTitle(dag, task, surface), surface.columns, { ascii: !surface.unicode }),
    ...errorLines(task.state === 'lost' ? { ...error, hint: decision(run, dag, task) } : error, surface),
  ])
  if (failures.length > shown.length) {
    lines.push(surface.palette.dim(`  and ${failures.length - shown.length} more: lf workflow show ${run.run} --json`))
  }
  const { error } = run
  // The run's own error usually repeats that of its failed task.
  const known = error === undefined || failures.some(failure => failure.error.message === error.message)
  if (!known) {
    const where = run.stoppedBy?.startsWith(`${run.run}/`) ? run.stoppedBy.slice(run.run.length + 1) : undefined
    const title =
      where === undefined ? [] : [`  ${symbolOf(TASK_LOOKS.failed, surface)} ${surface.palette.bold(harmless(where))}`]
    const symbol = where === undefined ? symbolOf(TASK_LOOKS.failed, surface) : ' '
    lines.unshift(...title, ...errorLines(error, surface, symbol))
  }
  return lines.length > 0 && !('dags' in run) ? ['', ...lines] : lines
}

/** What can be typed as it stands. */
function decision({ run }: RunView, dag: string, { task }: TaskView): string {
  return `Find out what the task did, then: lf workflow resolve ${run} ${dag}/${lastName(task)} --run-again, or --give-up`
}

/** The message, its code and its hint, indented below a title, or beside a `symbol` in place of one. */
function errorLines({ code, message, hint, stack }: ErrorRecord, surface: Surface, symbol = ' '): string[] {
  const { palette, columns } = surface
  const prose = Math.min(columns, MAX_PROSE_COLUMNS)
  const text = harmless(message).trim()
  const places = placesOf(code, stack ?? '').slice(0, MAX_STACK_LINES)
  return [
    ...`  ${symbol} ${wrap(text, prose, 4)}`.split('\n').map(line => line.trimEnd()),
    `    ${palette.dim(harmless(code))}`,
    ...places.map(place => palette.dim(truncate(`      ${place}`, columns))),
    ...(hint ? `    ${wrap(`What to do: ${harmless(hint)}`, prose, 4)}`.split('\n') : []),
  ]
}

/** Of the workflow's own code, as `at scan.ts:5:66`. Those of Lightflow tell its user nothing; `--json` has the whole stack. */
function placesOf(code: string, stack: string): string[] {
  const frames = harmless(stack)
    .split('\n')
    .map(line => line.trim())
    .filter(line => line.startsWith('at ') && !line.includes('node:internal'))
  const own = frames.filter(frame => frame.includes(WORKFLOW_SOURCE))
  if (own.length === 0) return code === 'LF_TASK_FAILED' ? frames : []
  return own.map(frame =>
    frame
      .replaceAll(WORKFLOW_SOURCE, '')
      .replace(/^at (?:async )?\S*<anonymous> \((.*)\)$/, 'at $1')
      .replace(/^at async /, 'at '),
  )
}

/** How stacks name the author's files. */
const WORKFLOW_SOURCE = 'workflow:'

function failureTitle(dag: string, task: TaskView, surface: Surface): string {
  const { palette } = surface
  const where = task.peer === null ? '' : `  on ${harmless(task.peer)}`
  const again = task.attempts > 1 ? `, attempt ${task.attempts}` : ''
  const name = palette.bold(`${harmless(dag)}/${harmless(lastName(task.task))}`)
  return `  ${symbolOf(TASK_LOOKS[task.state], surface)} ${name}${palette.dim(where + again)}`
}

function failuresOf({ dag, tasks }: DagView): { dag: string; task: TaskView; error: ErrorRecord }[] {
  return tasks.flatMap(task =>
    task.error !== undefined && ['failed', 'aborted', 'lost'].includes(task.state)
      ? [{ dag, task, error: task.error }]
      : [],
  )
}

/** The DAGs of a run, drawn below each other with their columns in line. */
import type { AttemptView, DagView, TaskView } from '../../src/index.ts'
import {
  badgeOf,
  dot,
  RUN_LOOKS,
  symbolOf,
  TASK_LOOKS,
  type RunState,
  type Surface,
  type TaskState,
} from './colours.ts'
import { formatDuration } from './duration.ts'
import { countsLine, progressBar, type Counts } from './progress.ts'
import { lastName, layOut } from './task-tree.ts'
import { ends, harmless, pad, truncate, widthOf } from './text.ts'

/** Up to so many copies of a blueprint are drawn one by one. */
const MAX_COPIES_DRAWN = 3
const PEER_COLUMNS = 14
/** On narrow terminals a peer's name is cut rather than a time: half a number is a wrong number. */
const NARROW_PEER_COLUMNS = 8
const NARROW_COLUMNS = 64
const TIME_COLUMNS = 8
const FOLD_BAR_COLUMNS = 10

/** In this order a fold takes its symbol: what needs attention first. */
const ATTENTION: readonly TaskState[] = [
  'failed',
  'aborted',
  'lost',
  'claimed',
  'ready',
  'blocked',
  'stopped',
  'cancelled',
]

/** Lines for all DAGs, a blank line after each. */
export function dagBlocks(dags: readonly DagView[], surface: Surface, { all = false } = {}): string[] {
  const groups = [...Map.groupBy(dags, dag => dag.blueprint).values()]
  const nameColumns = nameColumnsOf(dags, surface)
  return groups.flatMap(copies =>
    copies.length > MAX_COPIES_DRAWN && !all
      ? [...foldBlock(copies, nameColumns, surface), '']
      : copies.flatMap(dag => [...copyBlock(dag, nameColumns, surface), '']),
  )
}

/** One copy: a line a task. */
function copyBlock(dag: DagView, nameColumns: number, surface: Surface): string[] {
  const { palette, columns, unicode } = surface
  const origin = dag.startedBy === null ? '' : palette.dim(`  started by ${harmless(shortTask(dag.startedBy))}`)
  const title = `  ${palette.bold(harmless(dag.dag))}${origin}`
  const peerColumns = peerColumnsOf(surface)
  return [
    ends(title, badgeOf(RUN_LOOKS[dag.state], surface), columns, { ascii: !unicode }),
    ...layOut(dag.tasks, surface).map(({ index, branch, joins }) => {
      const task = dag.tasks[index]!
      const cells = [
        nameCell(branch, task.state, task.task, nameColumns, surface),
        pad(truncate(harmless(task.peer ?? ''), peerColumns, { ascii: !unicode }), peerColumns),
        pad(taskTime(task, surface.now), TIME_COLUMNS, 'right'),
        notesOf(task, joins, surface),
      ]
      return truncate(`  ${cells.join('  ')}`.trimEnd(), columns, { ascii: !unicode })
    }),
  ]
}

/** Many copies as one tree: a line a task, with how many copies of it are in which state. */
function foldBlock(copies: DagView[], nameColumns: number, surface: Surface): string[] {
  const { palette, columns, unicode } = surface
  const blueprint = copies[0]!.blueprint
  const tasks = copies.reduce((widest, { tasks }) => (tasks.length > widest.length ? tasks : widest), copies[0]!.tasks)
  const byName = Map.groupBy(
    copies.flatMap(copy => copy.tasks),
    task => lastName(task.task),
  )
  const times = unicode ? '×' : 'x'
  const title = `  ${palette.bold(harmless(blueprint))} ${times} ${copies.length}`
  return [
    ends(title, dagCounts(copies, surface), columns, { ascii: !unicode }),
    ...layOut(tasks, surface).map(({ index, branch }) => {
      const name = lastName(tasks[index]!.task)
      const all = byName.get(name) ?? []
      const counts = countStates(all)
      const state = ATTENTION.find(candidate => counts[candidate]) ?? (counts.done ? 'done' : 'skipped')
      const cells = [
        nameCell(branch, state, name, nameColumns, surface),
        progressBar(counts, FOLD_BAR_COLUMNS, surface),
        pad(medianTime(all), TIME_COLUMNS, 'right'),
        countsLine(counts, surface),
      ]
      return truncate(`  ${cells.join('  ')}`.trimEnd(), columns, { ascii: !unicode })
    }),
  ]
}

function nameCell(branch: string, state: TaskState, task: string, columns: number, surface: Surface): string {
  const name = harmless(lastName(task))
  const shown = state === 'skipped' || state === 'cancelled' ? surface.palette.dim(name) : name
  const cell = `${surface.palette.dim(branch)}${symbolOf(TASK_LOOKS[state], surface)} ${shown}`
  return pad(truncate(cell, columns, { ascii: !surface.unicode }), columns)
}

/** Wide enough for every name, as far as the other columns leave room. */
function nameColumnsOf(dags: readonly DagView[], surface: Surface): number {
  const wanted = dags.flatMap(dag =>
    layOut(dag.tasks, surface).map(
      ({ index, branch }) => widthOf(branch) + 2 + widthOf(harmless(lastName(dag.tasks[index]!.task))),
    ),
  )
  const room = surface.columns - peerColumnsOf(surface) - TIME_COLUMNS - 22
  return Math.max(12, Math.min(room, wanted.reduce((widest, width) => Math.max(widest, width), 0) + 2))
}

function peerColumnsOf({ columns }: Surface): number {
  return columns < NARROW_COLUMNS ? NARROW_PEER_COLUMNS : PEER_COLUMNS
}

function notesOf(task: TaskView, joins: string[], surface: Surface): string {
  const { palette } = surface
  const notes: string[] = []
  if (task.reused) notes.push(palette.dim('taken over'))
  if (task.attempts > 1 && !task.reused)
    notes.push(palette.yellow(`attempt ${task.attempts}`) + palette.dim(whyAgain(task.history)))
  if (task.peerState !== undefined) notes.push(palette.red(`its peer is ${task.peerState}`))
  if (task.awaits !== undefined)
    notes.push(palette.yellow(`waits for ${task.awaits.map(harmless).join(', ')} to make its lost output again`))
  if (task.copies !== undefined && task.copies.held < task.copies.wanted)
    notes.push(palette.yellow(`${task.copies.held} of ${task.copies.wanted} copies`))
  if (task.state === 'ready') notes.push(palette.dim(`in queue ${harmless(task.queue)}`))
  if (['stopped', 'cancelled', 'aborted', 'lost', 'skipped'].includes(task.state)) {
    notes.push(palette.dim(TASK_LOOKS[task.state].label))
  }
  if (joins.length > 0) notes.push(palette.dim(`after ${joins.map(harmless).join(', ')}`))
  return notes.join(dot(surface))
}

/** Why the attempt before the last one was not the last. */
function whyAgain(history: readonly AttemptView[]): string {
  const before = history.at(-2)
  if (before === undefined || before.end === null) return ''
  const peer = harmless(before.peer)
  if (before.end === 'owner-died') return `, ${peer} died`
  if (before.end === 'released') return `, ${peer} gave it back`
  if (before.end === 'done') return `, what ${peer} had made was lost`
  if (before.end === 'timed-out') return `, timed out on ${peer}`
  return `, ${before.end} on ${peer}`
}

function taskTime(task: TaskView, now: number): string {
  if (task.durationMs !== null) return formatDuration(task.durationMs)
  return task.state === 'claimed' && task.startedAt !== null ? formatDuration(now - Date.parse(task.startedAt)) : ''
}

function medianTime(tasks: TaskView[]): string {
  const times = tasks.flatMap(({ durationMs, state }) => (state === 'done' && durationMs !== null ? [durationMs] : []))
  const median = times.sort((a, b) => a - b)[Math.floor((times.length - 1) / 2)]
  return median === undefined ? '' : formatDuration(median)
}

function dagCounts(copies: readonly DagView[], surface: Surface): string {
  return (Object.keys(RUN_LOOKS) as RunState[])
    .map(state => ({ state, count: copies.filter(copy => copy.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => surface.palette[RUN_LOOKS[state].colour](`${count} ${RUN_LOOKS[state].label}`))
    .join(dot(surface))
}

function countStates(tasks: readonly TaskView[]): Counts {
  const counts: Counts = {}
  for (const { state } of tasks) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

/** `run/dag:n/task` without the run, which the reader knows. */
export function shortTask(task: string): string {
  return task.split('/').slice(-2).join('/')
}

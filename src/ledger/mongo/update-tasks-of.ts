/** All tasks of DAG copies that meet a filter are changed: of large ones part by part, each by a command that ends in time. */
import type { Filter, UpdateFilter } from 'mongodb'
import type { MongoContext } from './context.ts'
import type { DagDoc, TaskDoc } from './documents.ts'
import { MAX_DOCUMENTS_PER_WRITE, MAX_TASKS_PER_UPDATE } from './mongo-limits.ts'

type Copy = Pick<DagDoc, 'run' | 'name' | 'seq' | 'size'>

/** The filter must exclude what is already done, as that of any update of many. */
export async function updateTasksOf(
  context: MongoContext,
  { run, name, seq, size }: Copy,
  filter: Filter<TaskDoc>,
  change: UpdateFilter<TaskDoc>,
): Promise<void> {
  const { tasks } = context.collections
  if (size <= MAX_TASKS_PER_UPDATE) {
    await context.updateAll(tasks, { run, dag: name, ...filter }, change)
    return
  }
  for (let from = 0; from < size; from += MAX_TASKS_PER_UPDATE) {
    const index = { $gte: from, $lt: from + MAX_TASKS_PER_UPDATE }
    await context.updateAll(tasks, { run, dagSeq: seq, index, ...filter }, change)
  }
}

/** The same of several copies of one run, the small ones together. */
export async function updateTasksOfAll(
  context: MongoContext,
  copies: readonly Copy[],
  filter: Filter<TaskDoc>,
  change: UpdateFilter<TaskDoc>,
): Promise<void> {
  for (const group of groupsOf(copies)) {
    const [first] = group
    if (first === undefined) continue
    if (group.length === 1) await updateTasksOf(context, first, filter, change)
    else {
      const names = group.map(({ name }) => name)
      await context.updateAll(context.collections.tasks, { run: first.run, dag: { $in: names }, ...filter }, change)
    }
  }
}

function groupsOf(copies: readonly Copy[]): Copy[][] {
  const groups: Copy[][] = []
  let room = 0
  for (const copy of copies) {
    const last = groups.at(-1)
    if (last === undefined || copy.size > room || last.length >= MAX_DOCUMENTS_PER_WRITE) {
      groups.push([copy])
      room = MAX_TASKS_PER_UPDATE - copy.size
    } else {
      last.push(copy)
      room -= copy.size
    }
  }
  return groups
}

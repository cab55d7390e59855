import { ENDS_THAT_TELL } from '../../lease/ending-of.ts'
import type { PayloadRef, TaskState, Vote } from '../../lease/records.ts'
import type { Tables } from '../tables.ts'
import { decodeRow } from '../row-codec.ts'
import type { ShortLooks } from './row-cache.ts'
import { LIMIT, NO_LIMIT, type Prepare } from './statements.ts'
import { quoted, TASK_COLUMNS, toEnded, toTask } from './task-row.ts'

type EdgeTable = Pick<
  Tables,
  'edges' | 'untoldSuccessors' | 'endedBefore' | 'blockedSuccessors' | 'castVote' | 'votesInto' | 'inputs'
> &
  Pick<ShortLooks, 'hasEdges'>

export function edgeTable(prepare: Prepare): EdgeTable {
  const seq = '(SELECT seq FROM tasks WHERE id = ?)'
  const untold = prepare(`
    SELECT tasks.id FROM edges JOIN tasks ON tasks.seq = edges.to_task
    WHERE edges.from_task = ${seq} AND edges.vote IS NULL ORDER BY edges.to_task
  `)
  // What is long (outputs, history) is read of none but those that have ended, and once of each.
  const untoldInto = prepare(`
    SELECT edges.from_task AS source, target.id AS target FROM json_each(?) AS wanted
    CROSS JOIN tasks AS target ON target.id = wanted.value
    CROSS JOIN edges ON edges.to_task = target.seq AND edges.vote IS NULL
    CROSS JOIN tasks AS source ON source.seq = edges.from_task AND source.state IN (${quoted(ENDS_THAT_TELL)})
  `)
  // Numbers of the tasks of a DAG follow each other, those of tasks that are still to be written included.
  const anyEdge = prepare(`
    SELECT base IS NULL OR size IS NULL OR EXISTS (SELECT 1 FROM edges WHERE from_task > base AND from_task <= base + size)
    FROM dag_copies WHERE run = ? AND name = ?
  `)
  const endOf = prepare('SELECT id, state, doc FROM tasks WHERE seq = ?')
  const blocked = prepare(`
    SELECT ${TASK_COLUMNS} FROM tasks WHERE state = 'blocked'
    AND seq IN (SELECT to_task FROM edges WHERE from_task = ${seq}) ORDER BY seq
  `)
  const cast = prepare(`UPDATE edges SET vote = ? WHERE from_task = ${seq} AND to_task = ${seq} AND vote IS NULL`)
  // Three looks into the index instead of a scan: a join may have very many predecessors.
  const occurs = (vote: string) => `EXISTS (SELECT 1 FROM edges WHERE to_task = target.seq AND vote ${vote})`
  const votes = prepare(`
    SELECT ${occurs('IS NULL')} AS none, ${occurs(`= 'run'`)} AS run, ${occurs(`= 'skip'`)} AS skip
    FROM (SELECT seq FROM tasks WHERE id = ?) AS target
  `)
  const inputs = prepare(`
    SELECT tasks.name, tasks.out, tasks.epoch, tasks.state, edges.slot FROM edges JOIN tasks ON tasks.seq = edges.from_task
    WHERE edges.to_task = ${seq} AND tasks.out IS NOT NULL ORDER BY edges.ord ${LIMIT}
  `)

  const ofDag = prepare(`
    SELECT source.name AS source, target.name AS target, edges.ord, edges.slot, edges.vote
    FROM tasks AS source JOIN edges ON edges.from_task = source.seq JOIN tasks AS target ON target.seq = edges.to_task
    WHERE source.run = ? AND source.dag = ?
  `)

  return {
    edges: (run, dag) =>
      ofDag.all(run, dag).map(({ source, target, ord, slot, vote }) => {
        const ends = { from: String(source), to: String(target) }
        return { run, dag, ...ends, slot: slot as string | null, order: Number(ord), vote: vote as Vote | null }
      }),
    hasEdges: (run, dag) => anyEdge.getValues(run, dag)?.[0] !== 0,
    untoldSuccessors: task => untold.allValues(task).map(([id]) => String(id)),
    endedBefore(tasks) {
      const bySource = Map.groupBy(untoldInto.all(JSON.stringify(tasks)), ({ source }) => Number(source))
      return Array.from(bySource, ([source, pairs]) => {
        const untold = pairs.map(({ target }) => String(target))
        return { ...toEnded(endOf.get(source) ?? {}), untold }
      })
    },
    blockedSuccessors: task => blocked.allValues(task).map(toTask),
    castVote: (from, to, vote) => cast.run(vote, from, to),
    votesInto(task) {
      const [none, run, skip] = votes.getValues(task) ?? []
      const found: (Vote | null)[] = []
      if (none === 1) found.push(null)
      if (run === 1) found.push('run')
      if (skip === 1) found.push('skip')
      return found
    },
    inputs: (task, limit = NO_LIMIT) =>
      inputs.allValues(task, limit).map(([name, out, epoch, state, slot]) => ({
        task: String(name),
        slot: slot as string | null,
        payload: decodeRow(out) as PayloadRef,
        epoch: Number(epoch),
        state: state as TaskState,
      })),
  }
}

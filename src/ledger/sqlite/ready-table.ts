import type { Tables } from '../tables.ts'
import { LIMIT, type Prepare } from './statements.ts'
import { TASK_COLUMNS, toTask } from './task-row.ts'

type ReadyTable = Pick<Tables, 'readyTasks' | 'bestReadyPriority' | 'nextDueAt' | 'backlog'>

export function readyTable(prepare: Prepare): ReadyTable {
  const due = `state = 'ready' AND queue = ? AND (not_before IS NULL OR not_before <= ?)`
  const best = prepare(`SELECT ${TASK_COLUMNS} FROM tasks WHERE ${due} ORDER BY priority DESC, ready_at, seq ${LIMIT}`)
  const bestPriority = prepare(`SELECT priority FROM tasks WHERE ${due} ORDER BY priority DESC LIMIT 1`)
  const nextDue = prepare(`
    SELECT min(not_before) AS due FROM tasks
    WHERE state = 'ready' AND not_before IS NOT NULL AND queue = ? AND not_before > ?
  `)
  const backlog = prepare(`SELECT queue, count(*) AS count FROM tasks WHERE state = 'ready' GROUP BY queue`)

  return {
    readyTasks: (queue, wallMs, limit) => best.allValues(queue, wallMs, limit).map(toTask),
    bestReadyPriority: (queue, wallMs) => bestPriority.get(queue, wallMs)?.priority as number | undefined,
    nextDueAt: (queue, wallMs) => (nextDue.get(queue, wallMs)?.due as number | null) ?? undefined,
    backlog: () => Object.fromEntries(backlog.all().map(({ queue, count }) => [queue, count as number])),
  }
}

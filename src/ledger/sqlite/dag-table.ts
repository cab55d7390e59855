import type { DagRecord } from '../../lease/records.ts'
import type { Tables } from '../tables.ts'
import { decodeRow, encodeRow } from '../row-codec.ts'
import { LIMIT, type Prepare, type Row } from './statements.ts'

type DagTable = Pick<
  Tables,
  | 'dag'
  | 'insertDag'
  | 'putDag'
  | 'dags'
  | 'openDags'
  | 'unwrittenDags'
  | 'hasOpenDag'
  | 'dagCount'
  | 'lastCopy'
  | 'dagByStarter'
  | 'dagsByStarter'
>

export function dagTable(prepare: Prepare): DagTable {
  const byName = prepare('SELECT doc FROM dag_copies WHERE run = ? AND name = ?')
  const insert = prepare(`
    INSERT INTO dag_copies (run, name, blueprint, copy, state, starter, starter_key, base, size, unwritten, doc)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  `)
  // Tasks of a DAG are numbered in order of definition, whenever they are written: its numbers are taken when it starts.
  const lastTask = prepare(`
    SELECT max(ifnull((SELECT max(seq) FROM tasks), 0), ifnull((SELECT base + size FROM dag_copies WHERE seq = (SELECT max(seq) FROM dag_copies)), 0)) AS seq
  `)
  const update = prepare('UPDATE dag_copies SET state = ?, unwritten = ?, doc = ? WHERE run = ? AND name = ?')
  const all = prepare('SELECT doc FROM dag_copies WHERE run = ? ORDER BY seq')
  const open = prepare(`SELECT doc FROM dag_copies WHERE run = ? AND state = 'running' ORDER BY seq`)
  const unwritten = prepare(`
    SELECT doc FROM dag_copies INDEXED BY dags_unwritten WHERE unwritten IS NOT NULL ORDER BY unwritten, seq ${LIMIT}
  `)
  const unwrittenOf = prepare(`
    SELECT doc FROM dag_copies INDEXED BY dags_unwritten_of WHERE unwritten IS NOT NULL AND run = ? ORDER BY unwritten, seq ${LIMIT}
  `)
  const anyOpen = prepare(`SELECT 1 FROM dag_copies WHERE run = ? AND state = 'running' LIMIT 1`)
  const count = prepare('SELECT count(*) AS count FROM dag_copies WHERE run = ?')
  const lastCopy = prepare('SELECT max(copy) AS copy FROM dag_copies WHERE run = ? AND blueprint = ?')
  const byKey = prepare('SELECT doc FROM dag_copies WHERE starter = ? AND starter_key = ?')
  const byStarter = prepare('SELECT doc FROM dag_copies WHERE starter = ? ORDER BY seq')

  return {
    dag(run, name) {
      const row = byName.get(run, name)
      return row && toDag(row)
    },
    insertDag(dag, copy, size) {
      const { run, name, blueprint, state, starter, starterKey } = dag
      const base = Number(lastTask.get()?.seq)
      insert.run(run, name, blueprint, copy, state, starter, starterKey, base, size, mark(dag), encodeRow(dag))
    },
    putDag: dag => update.run(dag.state, mark(dag), encodeRow(dag), dag.run, dag.name),
    dags: run => all.all(run).map(toDag),
    openDags: run => open.all(run).map(toDag),
    unwrittenDags: (limit, run) => (run === undefined ? unwritten.all(limit) : unwrittenOf.all(run, limit)).map(toDag),
    hasOpenDag: run => anyOpen.get(run) !== undefined,
    dagCount: run => Number(count.get(run)?.count),
    lastCopy: (run, blueprint) => Number(lastCopy.get(run, blueprint)?.copy ?? 0),
    dagByStarter(starter, starterKey) {
      const row = byKey.get(starter, starterKey)
      return row && toDag(row)
    },
    dagsByStarter: starter => byStarter.all(starter).map(toDag),
  }
}

/** In the column that tells which DAGs are not yet written whole, and in which order they are: what was stopped has time. */
function mark({ unwritten, stop }: DagRecord): number | null {
  if (unwritten === undefined) return null
  return stop === null ? 1 : 2
}

function toDag({ doc }: Row): DagRecord {
  return decodeRow(doc) as DagRecord
}

import type { DagRecord } from '../../lease/records.ts'
import type { Tables } from '../tables.ts'
import { decodeRow, encodeRow } from './row-codec.ts'
import type { Prepare, Row } from './statements.ts'

type DagTable = Pick<
  Tables,
  | 'dag'
  | 'insertDag'
  | 'putDag'
  | 'dags'
  | 'openDags'
  | 'hasOpenDag'
  | 'dagCount'
  | 'lastCopy'
  | 'dagByStarter'
  | 'dagsByStarter'
>

export function dagTable(prepare: Prepare): DagTable {
  const byName = prepare('SELECT doc FROM dags WHERE run = ? AND name = ?')
  const insert = prepare(`
    INSERT INTO dags (run, name, blueprint, copy, state, starter, starter_key, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  `)
  const update = prepare('UPDATE dags SET state = ?, doc = ? WHERE run = ? AND name = ?')
  const all = prepare('SELECT doc FROM dags WHERE run = ? ORDER BY seq')
  const open = prepare(`SELECT doc FROM dags WHERE run = ? AND state = 'running' ORDER BY seq`)
  const anyOpen = prepare(`SELECT 1 FROM dags WHERE run = ? AND state = 'running' LIMIT 1`)
  const count = prepare('SELECT count(*) AS count FROM dags WHERE run = ?')
  const lastCopy = prepare('SELECT max(copy) AS copy FROM dags WHERE run = ? AND blueprint = ?')
  const byKey = prepare('SELECT doc FROM dags WHERE starter = ? AND starter_key = ?')
  const byStarter = prepare('SELECT doc FROM dags WHERE starter = ? ORDER BY seq')

  return {
    dag(run, name) {
      const row = byName.get(run, name)
      return row && toDag(row)
    },
    insertDag(dag, copy) {
      const { run, name, blueprint, state, starter, starterKey } = dag
      insert.run(run, name, blueprint, copy, state, starter, starterKey, encodeRow(dag))
    },
    putDag: dag => update.run(dag.state, encodeRow(dag), dag.run, dag.name),
    dags: run => all.all(run).map(toDag),
    openDags: run => open.all(run).map(toDag),
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

function toDag({ doc }: Row): DagRecord {
  return decodeRow(doc) as DagRecord
}

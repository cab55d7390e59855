import type { DagPlan } from '../../workflow/plan.ts'
import { isWanted, type RunHead, type Tables } from '../tables.ts'
import { decodeRow, encodeRow } from './row-codec.ts'
import { LIMIT, NO_LIMIT, type Prepare, type Row } from './statements.ts'

type RunTable = Pick<Tables, 'run' | 'insertRun' | 'putRun' | 'runs' | 'blueprint' | 'blueprints' | 'blueprintNames'>

export function runTable(prepare: Prepare): RunTable {
  const byId = prepare('SELECT doc FROM runs WHERE id = ?')
  const insert = prepare('INSERT INTO runs (id, state, doc) VALUES (?, ?, ?)')
  const update = prepare('UPDATE runs SET state = ?, doc = ? WHERE id = ?')
  const newest = prepare(`SELECT doc FROM runs ORDER BY seq DESC ${LIMIT}`)
  const newestIn = prepare(`
    SELECT doc FROM runs WHERE state IN (SELECT value FROM json_each(?)) ORDER BY seq DESC ${LIMIT}
  `)
  const insertBlueprint = prepare('INSERT INTO blueprints (run, ord, name, doc) VALUES (?, ?, ?, ?)')
  const blueprintByName = prepare('SELECT doc FROM blueprints WHERE run = ? AND name = ?')
  const allBlueprints = prepare('SELECT doc FROM blueprints WHERE run = ? ORDER BY ord')
  const names = prepare('SELECT name FROM blueprints WHERE run = ? ORDER BY ord')

  return {
    run(id) {
      const row = byId.get(id)
      return row && toRun(row)
    },
    insertRun(run, blueprints) {
      insert.run(run.id, run.state, encodeRow(run))
      for (const [order, dag] of blueprints.entries()) insertBlueprint.run(run.id, order, dag.name, encodeRow(dag))
    },
    putRun: run => update.run(run.state, encodeRow(run), run.id),
    runs({ states, limit, ...only }) {
      // What has no column is looked for in all of them.
      const max = only.workflow === undefined && only.unstopped !== true ? limit : NO_LIMIT
      const rows = states === undefined ? newest.all(max) : newestIn.all(JSON.stringify(states), max)
      return rows.map(toRun).filter(isWanted(only)).slice(0, limit)
    },
    blueprint(run, name) {
      const row = blueprintByName.get(run, name)
      return row && toBlueprint(row)
    },
    blueprints: run => allBlueprints.all(run).map(toBlueprint),
    blueprintNames: run => names.all(run).map(({ name }) => String(name)),
  }
}

function toRun({ doc }: Row): RunHead {
  return decodeRow(doc) as RunHead
}

function toBlueprint({ doc }: Row): DagPlan {
  return decodeRow(doc) as DagPlan
}

import { unpackDag, unpackPart, type PackedDag } from '../plan-parts.ts'
import { isWanted, type RunHead, type Tables } from '../tables.ts'
import { decodeRow, encodeRow } from '../row-codec.ts'
import { isDamaged } from './sqlite-errors.ts'
import { LIMIT, NO_LIMIT, type Prepare, type Row } from './statements.ts'

type RunTable = Pick<
  Tables,
  'run' | 'insertRun' | 'putRun' | 'runs' | 'blueprint' | 'blueprintPart' | 'blueprints' | 'blueprintNames'
>

export function runTable(prepare: Prepare): RunTable {
  const byId = prepare('SELECT doc FROM runs WHERE id = ?')
  const insert = prepare('INSERT INTO runs (id, state, doc) VALUES (?, ?, ?)')
  const update = prepare('UPDATE runs SET state = ?, doc = ? WHERE id = ?')
  const newest = prepare(`SELECT doc FROM runs ORDER BY seq DESC ${LIMIT}`)
  const newestIn = prepare(`
    SELECT doc FROM runs WHERE state IN (SELECT value FROM json_each(?)) ORDER BY seq DESC ${LIMIT}
  `)
  const writeBlueprint = blueprintWriter(prepare)
  const blueprintByName = prepare('SELECT ord, name, doc FROM blueprints WHERE run = ? AND name = ?')
  const allBlueprints = prepare('SELECT ord, name, doc FROM blueprints WHERE run = ? ORDER BY ord')
  const partOf = prepare('SELECT doc FROM blueprint_parts WHERE run = ? AND ord = ? AND part = ?')
  const names = prepare('SELECT name FROM blueprints WHERE run = ? ORDER BY ord')

  function bytesOf(run: string, order: unknown, part: number): Uint8Array | undefined {
    return partOf.get(run, Number(order), part)?.doc as Uint8Array | undefined
  }

  function toBlueprint(run: string, { ord, name, doc }: Row) {
    const { autostart, first, parts } = decodeRow(doc) as BlueprintDoc
    const rest = Array.from({ length: parts - 1 }, (_, index) => bytesOf(run, ord, index + 1) ?? missingPart(run))
    return unpackDag({ name: String(name), autostart, parts: [first, ...rest] })
  }

  return {
    run(id) {
      const row = byId.get(id)
      return row && toRun(row)
    },
    insertRun(run, blueprints) {
      insert.run(run.id, run.state, encodeRow(run))
      for (const [order, dag] of blueprints.entries()) writeBlueprint(run.id, order, dag)
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
      return row && toBlueprint(run, row)
    },
    blueprintPart(run, name, number) {
      const row = orDamaged(() => blueprintByName.get(run, name))
      if (row === undefined) return undefined
      const { first, parts, tasks } = decodeRow(row.doc) as BlueprintDoc
      const bytes = number === 0 ? first : orDamaged(() => bytesOf(run, row.ord, number))
      return bytes && { part: unpackPart(bytes), parts, tasks }
    },
    blueprints: run => allBlueprints.all(run).map(row => toBlueprint(run, row)),
    blueprintNames: run => names.all(run).map(({ name }) => String(name)),
  }
}

function toRun({ doc }: Row): RunHead {
  return decodeRow(doc) as RunHead
}

/** The first part is in it, and usually there is no other. */
type BlueprintDoc = Pick<PackedDag, 'autostart' | 'tasks'> & { first: Uint8Array; parts: number }

/** Writes one blueprint of a run, by its place among them. */
export function blueprintWriter(prepare: Prepare): (run: string, order: number, dag: PackedDag) => void {
  const insert = prepare('INSERT INTO blueprints (run, ord, name, doc) VALUES (?, ?, ?, ?)')
  const insertPart = prepare('INSERT INTO blueprint_parts (run, ord, part, doc) VALUES (?, ?, ?, ?)')
  return (run, order, { name, autostart, tasks, parts }) => {
    const [first = new Uint8Array(), ...rest] = parts
    const doc: BlueprintDoc = { autostart, tasks, first, parts: parts.length }
    insert.run(run, order, name, encodeRow(doc))
    for (const [index, bytes] of rest.entries()) insertPart.run(run, order, index + 1, bytes)
  }
}

/** A page that is damaged is no trouble that passes: it is as if the row were. */
function orDamaged<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isDamaged(error)) throw error
    throw new Error('a page of the ledger is damaged', { cause: error })
  }
}

function missingPart(run: string): never {
  throw new Error(`a blueprint of the run ${run} is not complete`)
}

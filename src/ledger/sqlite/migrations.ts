/**
 * How a file of an older version becomes one of this version: in the transaction that opens it, so that a process which is killed in
 * the middle leaves the old file. Nobody may work with it meanwhile: peers of the older version would go on with tables that have changed.
 */
import type { DatabaseSync } from 'node:sqlite'
import { LightflowError } from '../../core/errors.ts'
import type { DagPlan } from '../../workflow/plan.ts'
import { packDag } from '../plan-parts.ts'
import { decodeRow } from '../row-codec.ts'
import { blueprintWriter } from './run-table.ts'
import { BLUEPRINT_PARTS, DAGS_UNWRITTEN, REFUSE_VERSION_1, SCHEMA_VERSION } from './schema.ts'
import { preparer } from './statements.ts'

/** Brings the tables from the version before to its own. */
export type Migration = (db: DatabaseSync) => void

export interface Migrations {
  /** What this Lightflow reads and writes. */
  version: number
  /** By the version that each of them leads to. */
  steps: ReadonlyMap<number, Migration>
}

/** Version 1 is the first one: there is nothing older. */
export const MIGRATIONS: Migrations = { version: SCHEMA_VERSION, steps: new Map([[2, writeBlueprintsInParts]]) }

/** DAGs are written part by part. All that version 1 knows have been written whole. */
function writeBlueprintsInParts(db: DatabaseSync): void {
  db.exec(BLUEPRINT_PARTS)
  db.exec('ALTER TABLE dags RENAME TO dag_copies')
  for (const column of ['base', 'size', 'unwritten']) db.exec(`ALTER TABLE dag_copies ADD COLUMN ${column} INTEGER`)
  db.exec(DAGS_UNWRITTEN)
  db.exec(REFUSE_VERSION_1)
  const prepare = preparer(db)
  const write = blueprintWriter(prepare)
  const read = prepare('SELECT doc FROM blueprints WHERE run = ? AND ord = ?')
  const remove = prepare('DELETE FROM blueprints WHERE run = ? AND ord = ?')
  // One at a time: all plans that there ever were may be more than fits into memory.
  for (const { run, ord } of prepare('SELECT run, ord FROM blueprints').all()) {
    const place = [String(run), Number(ord)] as const
    const plan = decodeRow(read.get(...place)?.doc) as DagPlan
    remove.run(...place)
    write(...place, packDag(plan))
  }
}

/** Steps from `version` up to the newest one; `LF_LEDGER_VERSION` when there is no way. */
export function stepsFrom(version: number, { version: newest, steps }: Migrations, path: string): Migration[] {
  const numbers = Array.from({ length: Math.max(0, newest - version) }, (_, index) => version + 1 + index)
  return numbers.map(number => {
    const step = steps.get(number)
    if (step === undefined) throw tooOld(path, version, newest)
    return step
  })
}

export function tooNew(path: string, version: number, known: number): LightflowError {
  const message = `The ledger ${path} was made by a newer Lightflow (its version is ${version}, this one knows ${known}).`
  return new LightflowError('LF_LEDGER_VERSION', message, {
    hint: 'Update Lightflow on this machine, or name another file with `--ledger sqlite:PATH`.',
    facts: { path, version, known },
  })
}

export function inUse(path: string, version: number, peers: readonly string[]): LightflowError {
  const message = `The ledger ${path} is of an older version (${version}), and peers of that version work with it.`
  return new LightflowError('LF_LEDGER_VERSION', message, {
    hint: 'Stop all peers of this machine first (SIGTERM: they finish what they run), then start this one: it brings the file up to date.',
    facts: { path, version, peers },
  })
}

function tooOld(path: string, version: number, known: number): LightflowError {
  const message = `The ledger ${path} is of version ${version}, which this Lightflow (version ${known}) cannot bring up to date.`
  return new LightflowError('LF_LEDGER_VERSION', message, {
    hint: 'Open it once with a Lightflow in between, or name another file with `--ledger sqlite:PATH` to start anew.',
    facts: { path, version, known },
  })
}

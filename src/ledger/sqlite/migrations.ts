/**
 * How a file of an older version becomes one of this version: in the transaction that opens it, so that a process which is killed in
 * the middle leaves the old file. Nobody may work with it meanwhile: peers of the older version would go on with tables that have changed.
 */
import type { DatabaseSync } from 'node:sqlite'
import { LightflowError } from '../../core/errors.ts'
import { SCHEMA_VERSION } from './schema.ts'

/** Brings the tables from the version before to its own. */
export type Migration = (db: DatabaseSync) => void

export interface Migrations {
  /** What this Lightflow reads and writes. */
  version: number
  /** By the version that each of them leads to. */
  steps: ReadonlyMap<number, Migration>
}

/** Version 1 is the first one: there is nothing older. */
export const MIGRATIONS: Migrations = { version: SCHEMA_VERSION, steps: new Map() }

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

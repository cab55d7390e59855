/**
 * The ledger of a simulation: the real transactions over the real memory tables, with a checker that sees every committed change.
 * A guard is removed by replacing one operation (or the tables) with a copy that forgets it.
 */
import { LightflowError } from '../../src/core/errors.ts'
import type { Ledger, LedgerTraits, ProbeResult } from '../../src/ledger/ledger.ts'
import { UndoLog } from '../../src/ledger/memory/undo-log.ts'
import type { Tables } from '../../src/ledger/tables.ts'
import { TransactionalLedger, type LedgerEngine } from '../../src/ledger/transactional-ledger.ts'
import {
  runOperation,
  type OperationArgs,
  type OperationName,
  type OperationResult,
} from '../../src/ledger/transactions/operations.ts'
import { type Change, RecordingTables } from './recording-tables.ts'
import type { World } from './world.ts'

/** Copies of operations with a guard taken out. */
export type OperationOverrides = {
  [Name in OperationName]?: (tables: Tables, now: number, ...args: OperationArgs<Name>) => OperationResult<Name>
}

export interface TrueLedgerOptions {
  world: World
  /** The operating system can tell that a process is gone. */
  provesDeath: boolean
  isGone: (session: string) => boolean
  overrides?: OperationOverrides
  makeTables?: (undo: UndoLog) => RecordingTables
  onCommit: (name: OperationName, args: readonly unknown[], changes: readonly Change[]) => void
}

/** DAGs of a simulation are small: most of them are written in several parts all the same. */
const PART_LIMITS = { tasks: 3, edges: 6 }

export interface TrueLedger {
  ledger: Ledger
  tables: RecordingTables
}

export function makeTrueLedger(options: TrueLedgerOptions): TrueLedger {
  const engine = new CheckedEngine(options)
  return { ledger: new TransactionalLedger(engine, PART_LIMITS), tables: engine.tables }
}

class CheckedEngine implements LedgerEngine {
  readonly traits: LedgerTraits
  readonly incarnation = 'simulated'
  readonly tables: RecordingTables
  readonly #undo = new UndoLog()
  readonly #options: TrueLedgerOptions

  constructor(options: TrueLedgerOptions) {
    this.#options = options
    this.traits = {
      kind: 'memory',
      provesDeath: options.provesDeath,
      oneHost: options.provesDeath,
      handsOnWaiting: true,
      passesOn: true,
    }
    this.tables = (options.makeTables ?? (undo => new RecordingTables(undo)))(this.#undo)
  }

  async call<Name extends OperationName>(name: Name, ...args: OperationArgs<Name>): Promise<OperationResult<Name>> {
    const { world, overrides, onCommit } = this.#options
    const { tables } = this
    tables.changes = []
    const override = overrides?.[name] as ((...all: unknown[]) => unknown) | undefined
    const work = () => {
      if (override !== undefined) return override(tables, world.nowMs, ...args)
      return runOperation(tables, { name, now: world.nowMs, args })
    }
    const result = this.#undo.transact(work) as OperationResult<Name>
    onCommit(name, args, tables.changes)
    return result
  }

  async hold(): Promise<boolean> {
    return true
  }

  async letGo(): Promise<void> {}

  async probe(sessions: readonly string[]): Promise<ProbeResult[]> {
    const { provesDeath, isGone } = this.#options
    return sessions.map(session => {
      if (this.tables.session(session) === undefined) return { session, verdict: 'unknown' }
      if (!provesDeath) return { session, verdict: 'unknown' }
      return { session, verdict: isGone(session) ? 'gone' : 'alive' }
    })
  }

  async close(): Promise<void> {}
}

export function unavailable(why: string): LightflowError {
  return new LightflowError('LF_LEDGER_UNAVAILABLE', `The ledger did not answer: ${why}.`)
}

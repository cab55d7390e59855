/**
 * The ledger of a simulation: the real transactions over the real memory tables, with a checker that sees every committed change.
 * A guard is removed by replacing one operation (or the tables) with a copy that forgets it.
 */
import { LightflowError } from '../../src/core/errors.ts'
import { decode, encode } from '../../protocols/msgpack.ts'
import type {
  ClaimedTask,
  Completion,
  Ledger,
  LedgerTraits,
  OnForeseen,
  PassedTask,
  ProbeResult,
} from '../../src/ledger/ledger.ts'
import { UndoLog } from '../../src/ledger/memory/undo-log.ts'
import type { Tables } from '../../src/ledger/tables.ts'
import { TransactionalLedger, type LedgerEngine } from '../../src/ledger/transactional-ledger.ts'
import { describeHeld } from '../../src/ledger/transactions/claim.ts'
import { foresee } from '../../src/ledger/transactions/foresee.ts'
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
  /** Draws whether the write of a completion is lost after it was foretold. */
  losesCommit: () => boolean
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
    this.tables.changes = []
    const result = this.#undo.transact(() => this.#work(name, ...args))
    this.#options.onCommit(name, args, this.tables.changes)
    return result
  }

  /** As SQLite does it: told before the commit, which may fail. */
  async completeTelling(onForeseen: OnForeseen, ...args: OperationArgs<'complete'>): Promise<Completion> {
    const { losesCommit } = this.#options
    const tell = (completion: Completion): void => {
      const foreseen = foresee(completion)
      if (foreseen !== null) onForeseen(foreseen)
    }
    if (losesCommit()) {
      const lost = unavailable('its commit was lost')
      const undone = (): never => {
        tell(this.#work('complete', ...args))
        throw lost
      }
      return this.#undo.transact(undone)
    }
    const completion = await this.call('complete', ...args)
    tell(completion)
    return completion
  }

  #work<Name extends OperationName>(name: Name, ...args: OperationArgs<Name>): OperationResult<Name> {
    const { world, overrides } = this.#options
    const override = overrides?.[name] as ((...all: unknown[]) => unknown) | undefined
    const result =
      override === undefined
        ? runOperation(this.tables, { name, now: world.nowMs, args })
        : override(this.tables, world.nowMs, ...args)
    return (name === 'complete' ? this.#worded(result as Completion) : result) as OperationResult<Name>
  }

  /** As all durable ledgers do it: what is claimed for another peer is described to it. */
  #worded(completion: Completion): Completion {
    return { ...completion, passedOn: completion.passedOn.map(passed => ({ ...passed, ...this.#wordFor(passed) })) }
  }

  #wordFor({ claim, session }: PassedTask): Pick<PassedTask, 'word'> {
    const task = this.tables.task(claim.task)
    const held = task && describeHeld(this.tables, task)
    const beat = this.tables.session(session)?.beat
    return held === undefined || beat === undefined ? {} : { word: { beat, row: encode(held) } }
  }

  readPassed(_session: string, row: Uint8Array): ClaimedTask {
    return decode(row) as ClaimedTask
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

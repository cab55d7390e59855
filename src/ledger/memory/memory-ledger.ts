/**
 * The ledger of one process: it serves `runLocal` and the simulation, and it is as strict as the others. Nothing outlives it. What goes in
 * and comes out is copied, so that nobody can change a record from outside.
 */
import type { Clock } from '../../core/clock.ts'
import { LightflowError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import type { Ledger, LedgerTraits, ProbeResult } from '../ledger.ts'
import { TransactionalLedger, type LedgerEngine } from '../transactional-ledger.ts'
import {
  runOperation,
  type OperationArgs,
  type OperationName,
  type OperationResult,
} from '../transactions/operations.ts'
import { MemoryTables } from './memory-tables.ts'
import { UndoLog } from './undo-log.ts'

export interface MemoryLedgerOptions {
  clock: Pick<Clock, 'wallMs'>
  random: Pick<Random, 'hex'>
  /**
   * Plays the operating system: whether the process behind a session is gone. Without it every session counts as alive, since all
   * of them live in this process, and the ledger does not claim to prove deaths.
   */
  isGone?: (session: string) => boolean
}

export function openMemoryLedger(options: MemoryLedgerOptions): Ledger {
  return new TransactionalLedger(new MemoryEngine(options))
}

class MemoryEngine implements LedgerEngine {
  readonly traits: LedgerTraits
  readonly incarnation: string
  readonly #undo = new UndoLog()
  readonly #tables = new MemoryTables(this.#undo)
  readonly #clock: Pick<Clock, 'wallMs'>
  readonly #isGone: (session: string) => boolean
  #isClosed = false

  constructor({ clock, random, isGone }: MemoryLedgerOptions) {
    const can = { handsOnWaiting: true, passesOn: true }
    this.traits = { kind: 'memory', provesDeath: isGone !== undefined, oneHost: true, ...can }
    this.incarnation = random.hex(16)
    this.#clock = clock
    this.#isGone = isGone ?? (() => false)
  }

  async call<Name extends OperationName>(name: Name, ...args: OperationArgs<Name>): Promise<OperationResult<Name>> {
    if (this.#isClosed) throw new LightflowError('LF_LEDGER_CLOSED', 'The ledger is closed.')
    const call = { name, now: this.#clock.wallMs(), args: structuredClone(args) }
    const result = this.#undo.transact(() => runOperation(this.#tables, call))
    return structuredClone(result) as OperationResult<Name>
  }

  async hold(): Promise<boolean> {
    return true
  }

  async letGo(): Promise<void> {}

  async probe(sessions: readonly string[]): Promise<ProbeResult[]> {
    const known = new Set((await this.call('sessionsById', sessions)).map(({ id }) => id))
    return sessions.map(session => {
      if (!known.has(session)) return { session, verdict: 'unknown' }
      return { session, verdict: this.#isGone(session) ? 'gone' : 'alive' }
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }
}

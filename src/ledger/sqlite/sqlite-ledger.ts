/**
 * The ledger of one host: a file that all peers of the host open. This side only carries calls to the ledger's thread (`sqlite-thread.ts`)
 * and answers back; it never touches the file.
 */
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { ClaimedTask, Completion, Ledger, LedgerTraits, OnForeseen, ProbeResult, RunHead } from '../ledger.ts'
import { TransactionalLedger, type LedgerEngine } from '../transactional-ledger.ts'
import type { OperationArgs, OperationName, OperationResult } from '../transactions/operations.ts'
import { readPassedWord } from '../transactions/passed-word.ts'
import { checkLedgerPath } from './ledger-path.ts'
import { LedgerThread } from './ledger-thread.ts'

export interface SqliteLedgerOptions {
  path: string
  clock: Pick<Clock, 'wallMs' | 'sleep'>
  random: Pick<Random, 'hex'>
  /** Make the file when it is missing; without it: `LF_NO_LEDGER`. */
  create: boolean
}

/**
 * `LF_LEDGER_PATH`, `LF_LEDGER_NETWORK_FS`, `LF_LEDGER_CORRUPT`, `LF_LEDGER_VERSION`, `LF_LEDGER_FULL`, `LF_LEDGER_BUSY`, `LF_NO_LEDGER`;
 * nothing stays open then.
 */
export async function openSqliteLedger({ path, clock, random, create }: SqliteLedgerOptions): Promise<Ledger> {
  const file = await checkLedgerPath(path, { create })
  const thread = new LedgerThread({ path: file, newIncarnation: random.hex(16) }, clock)
  const incarnation = await thread.opened
  return new TransactionalLedger(new SqliteEngine(thread, incarnation, clock))
}

class SqliteEngine implements LedgerEngine {
  readonly traits: LedgerTraits = {
    kind: 'sqlite',
    provesDeath: true,
    oneHost: true,
    handsOnWaiting: true,
    passesOn: true,
  }
  readonly incarnation: string
  readonly #thread: LedgerThread
  readonly #clock: Pick<Clock, 'wallMs'>

  constructor(thread: LedgerThread, incarnation: string, clock: Pick<Clock, 'wallMs'>) {
    this.#thread = thread
    this.incarnation = incarnation
    this.#clock = clock
  }

  async call<Name extends OperationName>(name: Name, ...args: OperationArgs<Name>): Promise<OperationResult<Name>> {
    const call = { name, now: this.#clock.wallMs(), args }
    return (await this.#thread.ask({ kind: 'operation', call })) as OperationResult<Name>
  }

  async completeTelling(onForeseen: OnForeseen, ...args: OperationArgs<'complete'>): Promise<Completion> {
    const call = { name: 'complete' as const, now: this.#clock.wallMs(), args }
    return (await this.#thread.ask({ kind: 'operation', call, tells: true }, { onForeseen })) as Completion
  }

  async submitTelling(onVisible: () => void, ...args: OperationArgs<'submit'>): Promise<RunHead> {
    const call = { name: 'submit' as const, now: this.#clock.wallMs(), args }
    return (await this.#thread.ask({ kind: 'operation', call, tells: true }, { onVisible })) as RunHead
  }

  readPassed(session: string, row: Uint8Array): ClaimedTask | undefined {
    return readPassedWord(session, row)
  }

  async hold(session: string): Promise<boolean> {
    return (await this.#thread.ask({ kind: 'hold', session, now: this.#clock.wallMs() })) as boolean
  }

  async letGo(session: string): Promise<void> {
    await this.#thread.ask({ kind: 'let-go', session })
  }

  async probe(sessions: readonly string[]): Promise<ProbeResult[]> {
    return (await this.#thread.ask({ kind: 'probe', sessions, now: this.#clock.wallMs() })) as ProbeResult[]
  }

  close(): Promise<void> {
    return this.#thread.close()
  }
}

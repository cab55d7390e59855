/**
 * Writes: operations that wait together are committed together. When one fails, all are undone and tried again, each in a savepoint of its own,
 * so that it takes nothing of the others with it: savepoints cost a fifth of the work of all, and failures are seldom. An operation is answered only after its commit has reached the disk, for which the next writer does not wait.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setImmediate as otherWork } from 'node:timers/promises'
import type { Clock } from '../../core/clock.ts'
import { MAX_COMMIT_GATHER_MS, MAX_OPERATIONS_PER_COMMIT } from '../ledger-limits.ts'
import { runOperation, type OperationCall } from '../transactions/operations.ts'
import type { Turn } from './busy-retry.ts'
import type { OpenDatabase } from './open-database.ts'
import { PatientWrites } from './patient-writes.ts'
import { type CachedTables, withRowCache } from './row-cache.ts'
import { sqliteTables } from './sqlite-tables.ts'
import { WriteTurns } from './write-turns.ts'

export interface PendingWrite {
  call: OperationCall
  /** Told what came of it before it is on the disk: if that fails, nothing came of it. */
  foresee?: ((value: unknown) => void) | undefined
  /** Others see it now, and it is not on the disk yet. */
  onCommitted?: (() => void) | undefined
  settle(outcome: Outcome): void
}

export type Outcome = { value: unknown } | { error: unknown }

interface Attempt {
  write: PendingWrite
  outcome: Outcome
}

export class GroupCommit {
  readonly #db: DatabaseSync
  readonly #log: OpenDatabase['log']
  readonly #rows: CachedTables
  readonly #turn: Turn & { clock: Clock }
  readonly #turns: WriteTurns
  readonly #queue: PendingWrite[] = []
  /** Parts of large DAGs. */
  readonly #patient: PatientWrites<PendingWrite>
  #working: Promise<void> | undefined
  /** Each of the next ones gets a savepoint. */
  #isCareful = false

  readonly #version: StatementSync
  readonly #save: StatementSync
  readonly #release: StatementSync
  readonly #onCommit: () => void

  constructor(
    { writer: db, log }: Pick<OpenDatabase, 'writer' | 'log'>,
    turn: Turn & { clock: Clock },
    onCommit: () => void = () => {},
  ) {
    this.#onCommit = onCommit
    this.#db = db
    this.#log = log
    this.#version = db.prepare('PRAGMA data_version')
    this.#save = db.prepare('SAVEPOINT operation')
    this.#release = db.prepare('RELEASE operation')
    this.#rows = withRowCache(sqliteTables(db))
    this.#turn = turn
    this.#turns = new WriteTurns(turn)
    this.#patient = new PatientWrites(turn.clock, () => {
      this.#working ??= this.#work()
    })
  }

  add(write: PendingWrite): void {
    if (write.call.name === 'writeTasks') return this.#patient.add(write)
    this.#patient.noteOther()
    this.#queue.push(write)
    this.#working ??= this.#work()
  }

  /** Resolves when nothing is under way. Rejects when the disk failed: nothing is answered any more then. */
  async idle(): Promise<void> {
    this.#patient.hurry()
    // Work that finds nothing would be over before it is noted as under way, and be taken for that for ever.
    if (this.#patient.isDue) this.#working ??= this.#work()
    await this.#working
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0 || this.#patient.isDue) {
      // Lets the operations in that arrived together with the first one, and others to the disk after a commit.
      await otherWork()
      await this.#commitSome()
    }
    this.#working = undefined
    this.#patient.arm()
  }

  async #commitSome(): Promise<void> {
    const batch: Attempt[] = []
    this.#log.check()
    try {
      await this.#turns.take(() => this.#db.exec('BEGIN IMMEDIATE'))
      this.#rows.begin(this.#dataVersion())
      this.#fill(batch)
      // Not before all of them have run: by one that fails the others are undone, too.
      for (const { write, outcome } of batch) if ('value' in outcome) write.foresee?.(outcome.value)
      this.#db.exec('COMMIT')
      this.#isCareful = false
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      this.#rows.forget()
      if (error instanceof OneFailed) this.#tryAgain(batch)
      else this.#failAll(batch, error)
      return
    } finally {
      this.#turns.end()
    }
    for (const { write, outcome } of batch) if ('value' in outcome) write.onCommitted?.()
    // What the disk does not confirm is there for everybody to see, and cannot be undone: the thread ends by that, its peer with it.
    this.#log.bring()
    for (const { write, outcome } of batch) write.settle(outcome)
    this.#onCommit()
  }

  #dataVersion(): number {
    return Number(this.#version.get()?.data_version)
  }

  #fill(batch: Attempt[]): void {
    const { clock } = this.#turn
    const deadline = clock.monotonicMs() + MAX_COMMIT_GATHER_MS
    while (batch.length < MAX_OPERATIONS_PER_COMMIT && (batch.length === 0 || clock.monotonicMs() < deadline)) {
      const write = this.#next(batch.length === 0)
      if (write === undefined) break
      const attempt: Attempt = { write, outcome: { value: undefined } }
      batch.push(attempt)
      attempt.outcome = this.#runOne(write.call)
    }
  }

  /** A part of a large DAG only where nobody else would wait for it longer than for any transaction. */
  #next(isFirst: boolean): PendingWrite | undefined {
    const isPart = isFirst && (this.#queue.length === 0 || this.#patient.isOverdue)
    return isPart ? this.#patient.take() : this.#queue.shift()
  }

  #runOne(call: OperationCall): Outcome {
    if (this.#isCareful) return this.#runInSavepoint(call)
    try {
      return { value: runOperation(this.#rows.tables, call) }
    } catch (cause) {
      throw new OneFailed(cause)
    }
  }

  #runInSavepoint(call: OperationCall): Outcome {
    this.#save.run()
    try {
      const value = runOperation(this.#rows.tables, call)
      this.#release.run()
      return { value }
    } catch (error) {
      // A full disk ends the whole transaction: then nothing of the batch was kept.
      if (!this.#db.isTransaction) throw error
      this.#db.exec('ROLLBACK TO operation; RELEASE operation')
      this.#rows.forget()
      return { error }
    }
  }

  #tryAgain(batch: readonly Attempt[]): void {
    this.#isCareful = true
    this.#queue.unshift(...batch.map(({ write }) => write))
  }

  /** An empty batch: the turn to write never came, which is so for everybody who waits. */
  #failAll(batch: readonly Attempt[], error: unknown): void {
    const waiting = batch.length > 0 ? [] : [...this.#queue.splice(0), ...this.#patient.takeAll()]
    const failed = [...batch.map(({ write }) => write), ...waiting]
    for (const write of failed) write.settle({ error })
  }
}

/** An operation without a savepoint has thrown: what it had written cannot be told from what the others wrote. */
class OneFailed extends Error {
  constructor(cause: unknown) {
    super('one of the operations failed', { cause })
  }
}

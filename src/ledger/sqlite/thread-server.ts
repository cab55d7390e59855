/** What the ledger's thread does with each request. */
import type { DatabaseSync } from 'node:sqlite'
import { toErrorRecord } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { SessionRecord } from '../../lease/records.ts'
import type { Completion, ProbeResult } from '../ledger.ts'
import type { Tables } from '../tables.ts'
import { isRead, isTold, runOperation, type OperationCall } from '../transactions/operations.ts'
import { whenFree, type Turn } from './busy-retry.ts'
import { RESERVE_AFTER_COMMITS } from '../ledger-limits.ts'
import { GroupCommit, type Outcome } from './group-commit.ts'
import { LogReserve } from './log-reserve.ts'
import { type OpenDatabase, USUAL_LOG_BYTES } from './open-database.ts'
import { SessionLocks } from './session-locks.ts'
import { foresee, withWords } from '../transactions/foresee.ts'
import { toLedgerError } from './sqlite-errors.ts'
import { sqliteTables } from './sqlite-tables.ts'
import { preparer, type Statement } from './statements.ts'
import type { FromThread, Reply, Request } from './thread-messages.ts'

export class ThreadServer {
  readonly #path: string
  readonly #database: OpenDatabase
  readonly #turn: Turn & { clock: Clock }
  readonly #send: (message: FromThread) => void
  readonly #reads: Tables
  readonly #version: Statement
  readonly #writes: GroupCommit
  readonly #locks: SessionLocks
  readonly #reserve: LogReserve
  #commits = 0
  #replies: Reply[] = []

  constructor(
    { path, database, turn }: { path: string; database: OpenDatabase; turn: Turn & { clock: Clock } },
    send: (message: FromThread) => void,
  ) {
    this.#path = path
    this.#database = database
    this.#turn = turn
    this.#send = send
    this.#reads = sqliteTables(database.reader)
    this.#version = preparer(database.reader)('PRAGMA data_version')
    this.#writes = new GroupCommit(database, turn, () => this.#noteCommit())
    this.#reserve = new LogReserve({ path, bytes: USUAL_LOG_BYTES, turn })
    this.#locks = new SessionLocks(path, turn)
  }

  serve(request: Request & { id: number }): void {
    const settle = (outcome: Outcome) => this.#reply(request.id, outcome)
    let worded: Completion | undefined
    const settleTold = (outcome: Outcome) => settle('value' in outcome ? { value: worded } : outcome)
    if (request.kind === 'operation' && !isRead(request.call.name)) {
      const { call, tells = false } = request
      const foresee = (value: unknown) => {
        this.#foretell(request.id, value as Completion)
        // While the disk is still to be waited for.
        worded = withWords(value as Completion)
      }
      const onCommitted = () => this.#send({ kind: 'visible', id: request.id })
      if (!tells) this.#writes.add({ call, settle })
      else if (call.name === 'submit') this.#writes.add({ call, onCommitted, settle })
      else this.#writes.add({ call, foresee, settle: settleTold })
      return
    }
    this.#answer(request).then(
      value => settle({ value }),
      (error: unknown) => settle({ error }),
    )
  }

  async close(): Promise<void> {
    await this.#reserve.stop()
    await this.#writes.idle()
    this.#database.reader.close()
    this.#database.writer.close()
    this.#database.log.close()
    this.#locks.close()
  }

  #noteCommit(): void {
    this.#commits += 1
    if (this.#commits === RESERVE_AFTER_COMMITS) this.#reserve.start()
  }

  async #answer(request: Request): Promise<unknown> {
    switch (request.kind) {
      case 'operation':
        return this.#read(request.call)
      case 'hold':
        return this.#hold(request.session, request.now)
      case 'let-go':
        return this.#locks.letGo(request.session)
      case 'probe':
        return this.#probe(request.sessions, request.now)
      default:
        throw new Error('the thread was asked for something that it does not do')
    }
  }

  /** One snapshot for the whole operation, beside whatever is being written. What others are told by it is on the disk. */
  async #read(call: OperationCall): Promise<unknown> {
    const { reader, log } = this.#database
    const answer = await whenFree(() => inSnapshot(reader, () => runOperation(this.#reads, call)), this.#turn)
    if (isTold(call)) log.bringSeen(Number((await whenFree(() => this.#version.get(), this.#turn))?.data_version))
    return answer
  }

  async #hold(session: string, now: number): Promise<boolean> {
    const isNew = await this.#locks.hold(session)
    const open = new Set(this.#reads.openSessions().map(({ id }) => id))
    this.#locks.cleanUp(id => open.has(id), now)
    return isNew
  }

  /** With no wait of its own after the read: its answer travels with those of the reads that were asked with it. */
  #probe(sessions: readonly string[], now: number): Promise<ProbeResult[]> {
    const call: OperationCall = { name: 'sessionsById', now, args: [sessions] }
    return whenFree(() => {
      const known = inSnapshot(this.#database.reader, () => runOperation(this.#reads, call)) as SessionRecord[]
      const records = new Map(known.map(record => [record.id, record]))
      return sessions.map(session => ({ session, verdict: this.#locks.probe(session, records.get(session), now) }))
    }, this.#turn)
  }

  /** Whoever runs it may begin while this thread waits for the disk. */
  #foretell(id: number, completion: Completion): void {
    const foreseen = foresee(completion)
    if (foreseen !== null) this.#send({ kind: 'foreseen', id, foreseen })
  }

  /** All replies of one commit travel together. */
  #reply(id: number, outcome: Outcome): void {
    if (this.#replies.length === 0)
      queueMicrotask(() => this.#send({ kind: 'replies', replies: this.#replies.splice(0) }))
    if ('value' in outcome) this.#replies.push({ id, value: outcome.value })
    else this.#replies.push({ id, error: toErrorRecord(toLedgerError(outcome.error, this.#path)) })
  }
}

function inSnapshot<T>(db: DatabaseSync, read: () => T): T {
  db.exec('BEGIN')
  try {
    return read()
  } finally {
    // An error may have ended the transaction already: that error is the one to tell.
    if (db.isTransaction) db.exec('COMMIT')
  }
}

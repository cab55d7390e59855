/**
 * The ledger of a site: a MongoDB replica set that peers on many hosts share. It serves the same port as the others without transactions:
 * each change is one conditional write to one document, and a document whose consequences are still to come says so (`todo`), so that
 * whoever comes next can carry them out. The rules are those of `lease/`; what each operation needs of them is in the file of its name.
 *
 * This file only opens the ledger and carries calls to the operations.
 */
import { hostname } from 'node:os'
import type { Clock } from '../../core/clock.ts'
import { LightflowError } from '../../core/errors.ts'
import { type Log, silentLog } from '../../core/log.ts'
import type { Random } from '../../core/random.ts'
import type { Claim, DeathProof, StopRecord, TaskState } from '../../lease/records.ts'
import type { InputLoss } from '../../lease/lost-inputs.ts'
import type { OutputName } from '../../lease/note-holder.ts'
import type { Resolution } from '../../lease/resolve-task.ts'
import type { StoreSection, StoreWrite } from '../../lease/store-write.ts'
import type {
  AttemptResult,
  BeatReport,
  ClaimRequest,
  Ended,
  HandOn,
  Ledger,
  LedgerTraits,
  NewDag,
  NewRun,
  NewSession,
  ReleaseRequest,
  RunFilter,
} from '../ledger.ts'
import { assemble, encodeWrite } from '../store-leaves.ts'
import { checkStorePath } from '../store-path.ts'
import { checkSection } from '../transactional-ledger.ts'
import { checkBundleSize } from '../transactions/bundles.ts'
import { planFor } from '../transactions/submit.ts'
import { Answers } from './answers.ts'
import { getBlob, putBlob } from './blobs.ts'
import { claimsOf, verify } from './claim-standing.ts'
import { claim } from './claims.ts'
import { bucketOf, collectionsOf, makeIndexes } from './collections.ts'
import { complete } from './complete.ts'
import { connect, type Connection } from './connect.ts'
import { MongoContext } from './context.ts'
import { runOf } from './documents.ts'
import { reclaim, resolve } from './give-back.ts'
import { HostLocks } from './host-locks.ts'
import { ANSWER_WITHIN_MS, BEAT_ANSWER_WITHIN_MS, MAX_LAST_WRITE_MS } from './mongo-limits.ts'
import { passedTo } from './pass-on.ts'
import { readPassedWord } from './passed-word.ts'
import { peekReady } from './ready-tasks.ts'
import { release } from './release.ts'
import {
  backlog,
  dagProgress,
  dags,
  dagsStartedBy,
  dagStates,
  run,
  runHead,
  runHeads,
  runProgress,
  runs,
  task,
  taskCounts,
  tasks,
  taskStates,
  tasksIn,
} from './reads.ts'
import {
  beat,
  bury,
  closeSession,
  openSession,
  probe,
  requestDrain,
  sessionBeats,
  sessionHeads,
  sessions,
} from './sessions.ts'
import { noteHolder } from './note-holder.ts'
import { loseInputs } from './lose-inputs.ts'
import { Settler } from './settle.ts'
import { startDag } from './start-dag.ts'
import { stopDag, stopRun } from './stop.ts'
import { storeGet, storeWrite } from './store.ts'
import { submit } from './submit.ts'

export interface MongoLedgerOptions {
  /** `mongodb://` or `mongodb+srv://`, with everything that the driver understands: TLS, authentication, database. */
  uri: string
  clock: Clock
  random: Random
  log?: Log
  /** Make collections when they are missing; without it: `LF_NO_LEDGER`. */
  create: boolean
  /** Folder of this host for the locks that prove that a session's process lives; without it deaths are only known by silence. */
  lockFolder?: string
}

/** Of the documents; another version of Lightflow that reads them otherwise has another number. */
const FORMAT = 2
const LEDGER = 'ledger'

/**
 * `LF_LEDGER_URL`, `LF_LEDGER_UNREACHABLE`, `LF_LEDGER_AUTH`, `LF_LEDGER_STANDALONE`, `LF_LEDGER_UNSUITABLE`, `LF_LEDGER_VERSION`,
 * `LF_NO_LEDGER`; nothing stays open then.
 */
export async function openMongoLedger(options: MongoLedgerOptions): Promise<Ledger> {
  const { uri, log = silentLog } = options
  const connection = await connect(uri, log)
  try {
    const parts = { clock: options.clock, random: options.random, log }
    const context = new MongoContext({
      collections: collectionsOf(connection.db),
      bucket: bucketOf(connection.db),
      answers: new Answers(parts, ANSWER_WITHIN_MS),
      ...parts,
    })
    const beats = new MongoContext({
      collections: collectionsOf(connection.beats),
      bucket: bucketOf(connection.beats),
      answers: new Answers(parts, BEAT_ANSWER_WITHIN_MS),
      ...parts,
    })
    const incarnation = await openLedger(context, options)
    return new MongoLedger({ connection, context, beats, incarnation, locks: locksOf(options) })
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** The indexes are made before the ledger's own document, so where that is, they are. */
async function openLedger(context: MongoContext, { create }: MongoLedgerOptions): Promise<string> {
  const { ledger } = context.collections
  let doc = await context.get(ledger, LEDGER)
  if (doc === null && create) {
    await context.answers.ask(() => makeIndexes(context.collections))
    await context.insert(ledger, { _id: LEDGER, incarnation: context.random.hex(16), format: FORMAT })
    doc = await context.sure(ledger, LEDGER)
  }
  if (doc === null) throw noLedger()
  if (doc.format !== FORMAT) throw otherVersion(doc.format)
  return doc.incarnation
}

function locksOf({ lockFolder, clock, random }: MongoLedgerOptions): HostLocks {
  return new HostLocks({ folder: lockFolder ?? null, host: hostname(), turn: { clock, random } })
}

interface MongoLedgerParts {
  connection: Connection
  context: MongoContext
  beats: MongoContext
  incarnation: string
  locks: HostLocks
}

class MongoLedger implements Ledger {
  readonly traits: LedgerTraits
  readonly incarnation: string
  readonly #connection: Connection
  readonly #context: MongoContext
  readonly #beats: MongoContext
  readonly #locks: HostLocks
  readonly #settler: Settler
  #closing: Promise<void> | null = null

  constructor({ connection, context, beats, incarnation, locks }: MongoLedgerParts) {
    this.traits = {
      kind: 'mongodb',
      provesDeath: locks.folder !== null,
      oneHost: false,
      handsOnWaiting: true,
      passesOn: true,
    }
    this.incarnation = incarnation
    this.#connection = connection
    this.#context = context
    this.#beats = beats
    this.#locks = locks
    this.#settler = new Settler(context)
  }

  close(): Promise<void> {
    this.#context.answers.close()
    this.#beats.answers.close()
    this.#closing ??= this.#leave()
    return this.#closing
  }

  /** What is left to be struck off is, if the server answers at once. */
  async #leave(): Promise<void> {
    await Promise.race([this.#context.strikeOffs.flush(), this.#context.clock.sleep(MAX_LAST_WRITE_MS)])
    await this.#connection.close()
    this.#locks.close()
  }

  openSession(session: NewSession) {
    return openSession(this.#context, this.#locks, session)
  }

  async beat(session: string, number: number, report: BeatReport) {
    const verdict = await beat(this.#beats, session, number, report)
    if (verdict !== 'ok' || report.draining) this.#context.known.forgetSession(session)
    return verdict
  }

  requestDrain(session: string, by: string) {
    return requestDrain(this.#context, session, by)
  }

  closeSession(session: string) {
    this.#context.known.forgetSession(session)
    return closeSession(this.#context, this.#locks, session)
  }

  async bury(session: string, seenBeat: number, proof: DeathProof, by: string) {
    const isBuried = await bury(this.#context, session, seenBeat, proof, by)
    this.#context.known.forgetSession(session)
    return isBuried
  }

  probe(ids: readonly string[]) {
    return probe(this.#context, this.#locks, ids)
  }

  sessions(deadSinceMs?: number) {
    return sessions(this.#context, deadSinceMs)
  }

  sessionBeats() {
    return sessionBeats(this.#context)
  }

  sessionHeads(ids?: readonly string[]) {
    return sessionHeads(this.#context, ids)
  }

  async submit({ code, ...given }: NewRun) {
    const plan = planFor(given)
    // First: who sees the run finds its code.
    if (code !== undefined) await this.putBundle(given.bundle, code)
    const run = await submit(this.#context, { ...given, plan })
    this.#context.known.forgetUrgency()
    return { ...runOf(run), plan }
  }

  async startDag(start: NewDag) {
    const name = await startDag(this.#context, start)
    this.#context.known.forgetUrgency()
    return name
  }

  stopRun(id: string, stop: StopRecord) {
    return stopRun(this.#context, id, stop)
  }

  stopDag(id: string, dag: string, stop: StopRecord) {
    return stopDag(this.#context, id, dag, stop)
  }

  peekReady(queues: readonly string[], limit: number) {
    return peekReady(this.#context, queues, limit)
  }

  claim(session: string, claims: readonly ClaimRequest[]) {
    return claim(this.#context, session, claims)
  }

  complete(held: Claim, result: AttemptResult, handOn?: HandOn) {
    return complete(this.#context, held, result, handOn)
  }

  loseInputs(held: Claim, loss: InputLoss) {
    return loseInputs(this.#context, held, loss)
  }

  noteHolder(peer: string, outputs: readonly OutputName[]) {
    return noteHolder(this.#context, peer, outputs)
  }

  release(held: Claim, request: ReleaseRequest) {
    return release(this.#context, held, request)
  }

  reclaim(limit: number) {
    return reclaim(this.#context, limit)
  }

  /** What is written of a run here is written whole. */
  async settle(limit: number, run?: string, onEnded?: (ended: Ended) => void) {
    if (run !== undefined) return 0
    await this.#context.strikeOffs.flush()
    return this.#settler.settle(limit, onEnded)
  }

  verify(claims: readonly Claim[]) {
    return verify(this.#context, claims)
  }

  claimsOf(session: string) {
    return claimsOf(this.#context, session)
  }

  passedTo(session: string, except: readonly string[]) {
    return passedTo(this.#context, session, except)
  }

  readPassed(session: string, row: Uint8Array) {
    return readPassedWord(this.#context, session, row)
  }

  resolve(id: string, resolution: Resolution, by: string) {
    return resolve(this.#context, id, resolution, by)
  }

  async storeGet(id: string, section: StoreSection, path: string): Promise<unknown> {
    return assemble(path, await storeGet(this.#context, id, checkSection(section), checkStorePath(path)))
  }

  async storeWrite(held: Claim, write: StoreWrite, operationId = this.#context.newToken()): Promise<void> {
    await storeWrite(this.#context, held, checkSection(write.section), encodeWrite(write), operationId)
  }

  async putBundle(hash: string, bytes: Uint8Array): Promise<void> {
    checkBundleSize(bytes)
    await putBlob(this.#context, `bundle/${hash}`, bytes)
  }

  getBundle(hash: string) {
    return getBlob(this.#context, `bundle/${hash}`)
  }

  run(id: string) {
    return run(this.#context, id)
  }

  runs(filter: RunFilter) {
    return runs(this.#context, filter)
  }

  runHead(id: string) {
    return runHead(this.#context, id)
  }

  runProgress(id: string) {
    return runProgress(this.#context, id)
  }

  runHeads(filter: RunFilter) {
    return runHeads(this.#context, filter)
  }

  dags(id: string) {
    return dags(this.#context, id)
  }

  dagStates(id: string, names: readonly string[]) {
    return dagStates(this.#context, id, names)
  }

  dagsStartedBy(id: string) {
    return dagsStartedBy(this.#context, id)
  }

  tasks(id: string, dag?: string) {
    return tasks(this.#context, id, dag)
  }

  task(id: string) {
    return task(this.#context, id)
  }

  taskCounts(id: string) {
    return taskCounts(this.#context, id)
  }

  dagProgress(id: string) {
    return dagProgress(this.#context, id)
  }

  taskStates(id: string, dag: string) {
    return taskStates(this.#context, id, dag)
  }

  tasksIn(id: string, states: readonly TaskState[], limit: number) {
    return tasksIn(this.#context, id, states, limit)
  }

  backlog() {
    return backlog(this.#context)
  }
}

function noLedger(): LightflowError {
  return new LightflowError('LF_NO_LEDGER', 'There is no ledger in this MongoDB database yet.', {
    hint: 'Start a peer with `lf node` and the same --ledger, or submit a workflow: that makes one. Or check the name of the database.',
  })
}

function otherVersion(format: number): LightflowError {
  return new LightflowError(
    'LF_LEDGER_VERSION',
    `This ledger has format ${format}, this Lightflow understands format ${FORMAT}.`,
    {
      hint: 'Use the same version of Lightflow on all hosts, or another database.',
    },
  )
}

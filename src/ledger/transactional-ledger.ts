/**
 * The port over an engine that runs operations as transactions: memory and SQLite. It carries a call from the port to the operation of the
 * same name; what is not a transaction (values of the store, liveness of processes) is done here or by the engine.
 */
import { LightflowError } from '../core/errors.ts'
import type {
  AttemptResult,
  BeatReport,
  Completion,
  Ended,
  HandOn,
  Ledger,
  LedgerTraits,
  NewDag,
  NewRun,
  NewSession,
  OnForeseen,
  ClaimedTask,
  ClaimRequest,
  ProbeResult,
  ReleaseRequest,
  RunFilter,
  RunHead,
} from './ledger.ts'
import type { Claim, DeathProof, RunRecord, SessionRecord, StopRecord, TaskState } from '../lease/records.ts'
import type { InputLoss } from '../lease/lost-inputs.ts'
import type { OutputName } from '../lease/note-holder.ts'
import type { Resolution } from '../lease/resolve-task.ts'
import type { StoreSection, StoreWrite } from '../lease/store-write.ts'
import { assemble, encodeWrite } from './store-leaves.ts'
import { checkStorePath } from './store-path.ts'
import type { OperationArgs, OperationName, OperationResult } from './transactions/operations.ts'
import { MAX_PARTS_PER_SETTLE } from './ledger-limits.ts'
import type { PartLimits } from './plan-parts.ts'
import { withoutWords } from './transactions/foresee.ts'
import { packRun, planFor } from './transactions/submit.ts'

export interface LedgerEngine {
  readonly traits: LedgerTraits
  readonly incarnation: string
  /** Runs one operation, all or nothing. */
  call<Name extends OperationName>(name: Name, ...args: OperationArgs<Name>): Promise<OperationResult<Name>>
  /** The same for a completion, telling beforehand what may begin early. None where a commit takes no time. */
  completeTelling?(onForeseen: OnForeseen, ...args: OperationArgs<'complete'>): Promise<Completion>
  /** The same for a submission, telling when it is committed. None where that is when it is answered. */
  submitTelling?(onVisible: () => void, ...args: OperationArgs<'submit'>): Promise<RunHead>
  /** None where completions write no words for other peers. */
  readPassed?(session: string, row: Uint8Array): ClaimedTask | undefined
  /** Takes the liveness lock of a session; false when this process has it already. */
  hold(session: string): Promise<boolean>
  letGo(session: string): Promise<void>
  probe(sessions: readonly string[]): Promise<ProbeResult[]>
  close(): Promise<void>
}

export class TransactionalLedger implements Ledger {
  readonly #engine: LedgerEngine
  readonly #partLimits: PartLimits | undefined

  /** `partLimits`: how much of a DAG becomes rows in one transaction. */
  constructor(engine: LedgerEngine, partLimits?: PartLimits) {
    this.#engine = engine
    this.#partLimits = partLimits
  }

  get traits(): LedgerTraits {
    return this.#engine.traits
  }

  get incarnation(): string {
    return this.#engine.incarnation
  }

  close() {
    return this.#engine.close()
  }

  /** The lock comes first: a session that others can see can be proven alive. */
  async openSession(session: NewSession): Promise<SessionRecord> {
    const isNew = await this.#engine.hold(session.id)
    try {
      const earlier = await this.#engine.call('openSessionsOfPeer', session.peer)
      const probed = await this.probe(earlier)
      const gone = probed.filter(({ verdict }) => verdict === 'gone')
      return await this.#engine.call(
        'openSession',
        session,
        gone.map(({ session }) => session),
      )
    } catch (error) {
      if (isNew) await this.#engine.letGo(session.id)
      throw error
    }
  }

  beat(session: string, beat: number, report: BeatReport) {
    return this.#engine.call('beat', session, beat, report)
  }

  requestDrain(session: string, by: string) {
    return this.#engine.call('requestDrain', session, by)
  }

  async closeSession(session: string): Promise<void> {
    await this.#engine.call('closeSession', session)
    await this.#engine.letGo(session)
  }

  bury(session: string, seenBeat: number, proof: DeathProof, by: string) {
    return this.#engine.call('bury', session, seenBeat, proof, by)
  }

  probe(sessions: readonly string[]) {
    return this.#engine.probe(sessions)
  }

  sessions(deadSinceMs?: number) {
    return this.#engine.call('sessions', deadSinceMs)
  }

  sessionBeats() {
    return this.#engine.call('sessionBeats')
  }

  sessionHeads(ids?: readonly string[]) {
    return this.#engine.call('sessionHeads', ids)
  }

  async submit(run: NewRun, onVisible?: () => void): Promise<RunRecord> {
    const plan = planFor(run)
    const packed = packRun(run, plan, this.#partLimits)
    const telling = onVisible && this.#engine.submitTelling?.(onVisible, packed)
    return { ...(await (telling ?? this.#engine.call('submit', packed))), plan }
  }

  startDag(start: NewDag) {
    return this.#engine.call('startDag', start)
  }

  stopRun(run: string, stop: StopRecord) {
    return this.#engine.call('stopRun', run, stop)
  }

  stopDag(run: string, dag: string, stop: StopRecord) {
    return this.#engine.call('stopDag', run, dag, stop)
  }

  peekReady(queues: readonly string[], limit: number) {
    return this.#engine.call('peekReady', queues, limit)
  }

  claim(session: string, claims: readonly ClaimRequest[]) {
    return this.#engine.call('claim', session, claims)
  }

  complete(claim: Claim, result: AttemptResult, handOn?: HandOn, onForeseen?: OnForeseen) {
    const isAsked = handOn !== undefined && (handOn.claimIds.length > 0 || handOn.passOn !== undefined)
    const telling =
      isAsked && onForeseen !== undefined
        ? this.#engine.completeTelling?.(onForeseen, claim, result, handOn)
        : undefined
    return telling ?? this.#engine.call('complete', claim, result, handOn).then(withoutWords)
  }

  loseInputs(claim: Claim, loss: InputLoss) {
    return this.#engine.call('loseInputs', claim, loss)
  }

  noteHolder(peer: string, outputs: readonly OutputName[]) {
    return this.#engine.call('noteHolder', peer, outputs)
  }

  release(claim: Claim, release: ReleaseRequest) {
    return this.#engine.call('release', claim, release)
  }

  /** Asked at every sweep of every peer, nearly always in vain: only who finds something takes the turn to write. */
  async reclaim(limit: number) {
    return (await this.#engine.call('hasOrphans')) ? this.#engine.call('reclaim', limit) : []
  }

  /** Each operation is one transaction and leaves nothing over but tasks of large DAGs that are still to be written. */
  async settle(limit: number, run?: string, onEnded?: (ended: Ended) => void): Promise<number> {
    if (!(await this.#engine.call('hasUnwritten', run))) return 0
    for (let parts = 1; parts <= MAX_PARTS_PER_SETTLE; parts++) {
      const { areMore, ended } = await this.#engine.call('writeTasks', run, this.#partLimits)
      for (const each of ended) onEnded?.(each)
      if (!areMore) return parts
    }
    return limit
  }

  verify(claims: readonly Claim[]) {
    return this.#engine.call('verify', claims)
  }

  claimsOf(session: string) {
    return this.#engine.call('claimsOf', session)
  }

  passedTo(session: string, except: readonly string[], kept?: readonly string[]) {
    return this.#engine.call('passedTo', session, except, kept)
  }

  readPassed(session: string, row: Uint8Array) {
    return this.#engine.readPassed?.(session, row)
  }

  resolve(task: string, resolution: Resolution, by: string) {
    return this.#engine.call('resolve', task, resolution, by)
  }

  async storeGet(run: string, section: StoreSection, path: string): Promise<unknown> {
    return assemble(path, await this.#engine.call('storeGet', run, checkSection(section), checkStorePath(path)))
  }

  async storeWrite(claim: Claim, write: StoreWrite, operationId?: string): Promise<void> {
    await this.#engine.call('storeWrite', claim, checkSection(write.section), encodeWrite(write), operationId)
  }

  putBundle(hash: string, bytes: Uint8Array) {
    return this.#engine.call('putBundle', hash, bytes)
  }

  getBundle(hash: string) {
    return this.#engine.call('getBundle', hash)
  }

  run(run: string) {
    return this.#engine.call('run', run)
  }

  runs(filter: RunFilter) {
    return this.#engine.call('runs', filter)
  }

  runHead(run: string) {
    return this.#engine.call('runHead', run)
  }

  runProgress(run: string) {
    return this.#engine.call('runProgress', run)
  }

  runHeads(filter: RunFilter) {
    return this.#engine.call('runHeads', filter)
  }

  dags(run: string) {
    return this.#engine.call('dags', run)
  }

  dagStates(run: string, dags: readonly string[]) {
    return this.#engine.call('dagStates', run, dags)
  }

  dagsStartedBy(task: string) {
    return this.#engine.call('dagsStartedBy', task)
  }

  tasks(run: string, dag?: string) {
    return this.#engine.call('tasks', run, dag)
  }

  task(id: string) {
    return this.#engine.call('task', id)
  }

  taskCounts(run: string) {
    return this.#engine.call('taskCounts', run)
  }

  dagProgress(run: string) {
    return this.#engine.call('dagProgress', run)
  }

  taskStates(run: string, dag: string) {
    return this.#engine.call('taskStates', run, dag)
  }

  tasksIn(run: string, states: readonly TaskState[], limit: number) {
    return this.#engine.call('tasksIn', run, states, limit)
  }

  backlog() {
    return this.#engine.call('backlog')
  }
}

export function checkSection(section: StoreSection): StoreSection {
  if (section === 'data' || section === 'meta') return section
  throw new LightflowError('LF_STORE_PATH', `The store has no section "${String(section)}".`, {
    hint: 'The sections are "data" and "meta".',
  })
}

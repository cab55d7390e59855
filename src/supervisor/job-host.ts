/**
 * What a running task may ask of the mesh: its run's store, other DAGs, stops. Every change carries the attempt's claim and is
 * refused once that is lost.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { hasCode, LightflowError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import type { PayloadRef, StopRecord } from '../lease/records.ts'
import { dagsOnPath, describeDag, describeRun, findOnPath } from '../lease/run-meta.ts'
import type { StoreSection, StoreWrite } from '../lease/store-write.ts'
import type { ClaimedTask, Ledger } from '../ledger/ledger.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { NamedFiles, PayloadStore } from '../payload/payload-store.ts'
import type { FileSource, NamedFile } from '../tasks/named-file.ts'
import type { JobHost } from '../workers/worker-pool.ts'
import { type DagMeta, isOwnMeta } from '../workflow/run-meta.ts'
import { ANY_QUEUE } from '../../protocols/hints.ts'
import type { Capacity } from './capacity.ts'
import type { JoinWatch } from './join-watch.ts'
import type { Resources } from './resources.ts'
import type { Timing } from './timing.ts'
import { untilAnswered } from './until-answered.ts'

export interface JobHostParts {
  ledger: Ledger
  mesh: Pick<Mesh, 'publish'>
  payloads: PayloadStore
  namedFiles?: NamedFiles
  joins: JoinWatch
  capacity: Capacity
  /** What the task needs of them is taken already. */
  resources: Resources
  clock: Clock
  random: Random
  timing: Timing
  /** Where copies of a payload may be kept: peers (ids), the best first. */
  copyPlaces: (hash: string) => string[]
  /** Something of this run is being stopped: look for attempts that must hear of it. */
  onStopping: () => void
  /** Something became ready here. */
  onReady: () => void
}

/** What differs from one host to the next. */
export interface JobHostActions {
  attempt: {
    /** Aborts when the attempt is ended from outside. */
    readonly signal: AbortSignal
    /** The body was told that a file cannot be had. */
    noteLostFile(error: unknown, source: FileSource): void
  }
  output: (stream: 'stdout' | 'stderr', line: string) => void
  /** The attempt began or ended to wait in a join. */
  onParked: (parked: boolean) => void
}

/** Why a file cannot be had: for good, by now, or on this host. */
const FILE_LOSSES = ['LF_FILE_LOST', 'LF_FILE_CHANGED', 'LF_PAYLOAD_NOT_KEPT']
/** Peers that are to hold the start data of a DAG, this one included. */
const START_DATA_COPIES = 2

export class AttemptJobHost implements JobHost {
  readonly #claimed: ClaimedTask
  readonly #parts: JobHostParts
  readonly #actions: JobHostActions
  /** How often the same was started; most tasks start nothing. */
  #starts: Map<string, number> | undefined
  #joining = 0
  #holdsPlace: boolean
  #holdsResources = true
  #closed = false

  /** `holdsPlace`: its place in the capacity is taken already. */
  constructor(claimed: ClaimedTask, parts: JobHostParts, actions: JobHostActions, holdsPlace: boolean) {
    this.#claimed = claimed
    this.#parts = parts
    this.#actions = actions
    this.#holdsPlace = holdsPlace
  }

  /** A place was taken for it. */
  receivePlace(): void {
    this.#holdsPlace = true
  }

  storeGet(section: StoreSection, path: string): Promise<unknown> {
    if (section === 'meta' && isOwnMeta(path)) return this.#answered(() => this.#readMeta(path))
    return this.#answered(() => this.#parts.ledger.storeGet(this.#claimed.run.id, section, path))
  }

  storeWrite(write: StoreWrite): Promise<void> {
    const operationId = this.#parts.random.hex(8)
    return this.#answered(() => this.#parts.ledger.storeWrite(this.#claimed.claim, write, operationId))
  }

  async startDag(blueprint: string, bytes: Uint8Array | null, key?: string): Promise<string> {
    const { ledger, mesh, onReady } = this.#parts
    const { claim, run } = this.#claimed
    const data = bytes === null ? null : await this.#keepStart(bytes)
    const start = {
      claim,
      blueprint,
      data,
      starterKey: key === undefined ? this.#starterKey(blueprint, bytes) : givenKey(blueprint, key),
    }
    const name = await this.#answered(() => ledger.startDag(start))
    mesh.publish({ kind: 'ready', queue: ANY_QUEUE, run: run.id, count: 1 })
    onReady()
    return name
  }

  /** Nothing makes start data again: before the DAG exists, a peer with a folder of its own holds it, too, when there is one. */
  async #keepStart(bytes: Uint8Array): Promise<PayloadRef> {
    const { ledger, payloads, copyPlaces } = this.#parts
    const { signal } = this.#actions.attempt
    const ref = await payloads.put(bytes)
    if (ref.inline !== null || ledger.traits.oneHost) return ref
    return payloads.spread(ref, { copies: START_DATA_COPIES, at: copyPlaces(ref.hash) }, signal)
  }

  async joinDags(names: string[] | null): Promise<boolean> {
    const { ledger, joins } = this.#parts
    const { run, claim } = this.#claimed
    const dags = names ?? (await this.#answered(() => ledger.dagsStartedBy(claim.task)))
    this.#refuseOwnDag(dags)
    await this.#checkKnown(dags)
    this.#park()
    try {
      return await joins.wait(run.id, dags, this.#actions.attempt.signal)
    } finally {
      await this.#unpark()
    }
  }

  async stopDag(name: string | null): Promise<void> {
    const { run, task } = this.#claimed
    await this.#answered(() => this.#parts.ledger.stopDag(run.id, name ?? task.dag, this.#stopRecord()))
    this.#announceStop()
  }

  async stopWorkflow(): Promise<void> {
    await this.#answered(() => this.#parts.ledger.stopRun(this.#claimed.run.id, this.#stopRecord()))
    this.#announceStop()
  }

  async nameFile(file: NamedFile): Promise<string | null> {
    return (await this.#parts.namedFiles?.name(this.#claimed.run.id, file)) ?? null
  }

  async fetchFile(file: NamedFile, source: FileSource): Promise<string> {
    const { namedFiles } = this.#parts
    const { attempt } = this.#actions
    if (namedFiles === undefined) throw new LightflowError('LF_FILE_NOT_HERE', `There is no file ${file.path} here.`)
    try {
      return await namedFiles.fetch(this.#claimed.run.id, file, source, attempt.signal)
    } catch (error) {
      if (FILE_LOSSES.some(code => hasCode(error, code))) attempt.noteLostFile(error, source)
      throw error
    }
  }

  /** The body has ended: another may have its place in the capacity while the result is being recorded. */
  leavePlace(): void {
    this.#leaveResources()
    if (!this.#holdsPlace) return
    this.#holdsPlace = false
    this.#parts.capacity.give(1)
  }

  #leaveResources(): void {
    if (!this.#holdsResources) return
    this.#holdsResources = false
    this.#parts.resources.give(this.#claimed.task.queue)
  }

  /** The attempt is over: its place in the capacity, when it holds one, is free again. */
  close(): void {
    this.#closed = true
    this.leavePlace()
  }

  output(stream: 'stdout' | 'stderr', line: string): void {
    this.#actions.output(stream, line)
  }

  /**
   * The same DAG with the same data, started for the k-th time: a repeated attempt that does the same again finds the copies that
   * the first one started, and starts none twice.
   */
  #starterKey(blueprint: string, bytes: Uint8Array | null): string {
    const what = createHash('sha256')
      .update(blueprint)
      .update('\0')
      .update(bytes ?? '')
      .digest('hex')
    this.#starts ??= new Map()
    const count = (this.#starts.get(what) ?? 0) + 1
    this.#starts.set(what, count)
    return `${what}#${count}`
  }

  async #readMeta(path: string): Promise<unknown> {
    const { ledger } = this.#parts
    const run = await ledger.runHead(this.#claimed.run.id)
    if (run === undefined) return undefined
    const dags = dagsOnPath(path.startsWith('log') ? await ledger.dags(run.id) : [], path)
    const log: Record<string, DagMeta> = {}
    for (const dag of dags) log[dag.name] = describeDag(dag, await ledger.tasks(run.id, dag.name))
    return findOnPath(describeRun(run, log), path)
  }

  #refuseOwnDag(dags: readonly string[]): void {
    const { dag } = this.#claimed.task
    if (!dags.includes(dag)) return
    throw new LightflowError(
      'LF_JOIN_OWN_DAG',
      `The task waits for its own DAG "${dag}", which cannot end before it.`,
      {
        hint: 'Join the DAGs that the task started: signal.joinDags() without names waits for all of them.',
      },
    )
  }

  async #checkKnown(dags: readonly string[]): Promise<void> {
    const states = await this.#answered(() => this.#parts.ledger.dagStates(this.#claimed.run.id, dags))
    const unknown = dags.filter((_, index) => states[index] === undefined)
    if (unknown.length === 0) return
    throw new LightflowError('LF_UNKNOWN_DAG', `This run has no DAG copy named ${unknown.slice(0, 5).join(', ')}.`, {
      hint: 'Pass the names that signal.startDag returned, such as "sub_dag:1".',
    })
  }

  #park(): void {
    this.#joining += 1
    if (this.#joining > 1 || !this.#holdsPlace) return
    this.#leaveResources()
    this.#holdsPlace = false
    this.#actions.onParked(true)
    this.#parts.capacity.give(1)
    this.#parts.onReady()
  }

  async #unpark(): Promise<void> {
    this.#joining -= 1
    if (this.#joining > 0 || this.#closed) return
    const { capacity, resources, onReady } = this.#parts
    const { queue } = this.#claimed.task
    await resources.resume(queue)
    await capacity.resume()
    // While it waited for its place, the attempt may have ended or begun another join.
    if (this.#closed || this.#joining > 0) {
      resources.give(queue)
      capacity.give(1)
      return onReady()
    }
    this.#holdsResources = true
    this.#holdsPlace = true
    this.#actions.onParked(false)
  }

  #stopRecord(): StopRecord {
    return { reason: 'stopped', by: this.#claimed.task.id, at: this.#parts.clock.wallMs(), error: null }
  }

  #announceStop(): void {
    this.#parts.mesh.publish({ kind: 'stopping', run: this.#claimed.run.id })
    this.#parts.onStopping()
  }

  #answered<T>(operation: () => Promise<T>): Promise<T> {
    const { clock, random, timing } = this.#parts
    const { attempt } = this.#actions
    return untilAnswered(operation, {
      clock,
      random,
      timing,
      get signal() {
        return attempt.signal
      },
    })
  }
}

/** Of a start that the task itself knows by name: no count, no data. */
function givenKey(blueprint: string, key: string): string {
  return `key ${createHash('sha256').update(blueprint).update('\0').update(key).digest('hex')}`
}

/**
 * What the collections hold. A document is the record of `lease/` with a few fields that questions and decisions need; the ones that say what
 * is still to be done (`todo`) are the outbox. Every change of a task, DAG or run is one write to one document, conditional on `rev` or on a
 * state that is left for good.
 */
import type { Filter } from 'mongodb'
import type {
  Claim,
  DagRecord,
  DagState,
  PayloadRef,
  SessionHead,
  SessionRecord,
  TaskRecord,
  TaskState,
  Vote,
} from '../../lease/records.ts'
import { OPEN_TASK_STATES } from '../../lease/end-states.ts'
import type { StoreSection } from '../../lease/store-write.ts'
import type { RunHead } from '../tables.ts'

/**
 * `advance`: the task ended, its successors are to be told. `halt`: it failed, its run is to be stopped; until that is recorded the task
 * keeps its DAG from ending. `end`: only its DAG and run may have to end. `remake`: what made its lost inputs is to run again; until
 * that is recorded it is not cancelled either.
 */
export type TaskTodo = 'advance' | 'halt' | 'end' | 'remake'

export interface TaskDoc extends Omit<TaskRecord, 'id'> {
  _id: string
  /** Grows with every change. */
  rev: number
  /** Of the call that made the last change: how a repeated step knows its own work. */
  token: string | null
  /** `notBefore` as a number. */
  due: number
  /** Keeps its DAG from ending. */
  holds: boolean
  todo?: TaskTodo
  /** For `stopped`: part of what its successors are told. */
  skipSuccessors: boolean
  /** Has no predecessors. */
  source: boolean
  dagSeq: number
  /** Place in its DAG. */
  index: number
  /** In a run that tries another one again: becomes ready when the run is launched. */
  launch?: true
  /** Its last changes of the store, by their tokens: made while the claim held, whatever became of it since. */
  wrote?: string[]
  /** Its run or DAG was asked to stop while it was claimed. Changes `rev`, so that who completes it cannot overlook it. */
  stopping?: true
  /** Absent where they are too many, or were not noted: then the edges tell. */
  next?: Successor[]
  /** The same; in order of definition. */
  feeds?: Feed[]
  /** So many tasks follow it one by one, each the only one after the one before, in the order of definition: worth reading at once. */
  chain?: number
  /** Its inputs, noted by who claimed it for another session, where they are small: there it need not look for them. */
  given?: GivenInput[]
}

export interface GivenInput {
  name: string
  slot: string | null
  payload: PayloadRef
  /** Of the attempt that left it. */
  epoch: number
  state: TaskState
}

export interface Successor {
  name: string
  /** It has no other predecessor. Its edge carries no vote: what that would say follows from how this task ended. */
  sole: boolean
}

/** What a task gets from a predecessor. */
export interface Feed {
  name: string
  slot: string | null
}

/** What of a task document is not the record, and stays. */
export type TaskPlace = Pick<TaskDoc, 'source' | 'dagSeq' | 'index' | 'wrote' | 'stopping' | 'next' | 'feeds' | 'chain'>

export interface EdgeDoc {
  _id: string
  run: string
  dag: string
  /** Ids of tasks. */
  from: string
  to: string
  slot: string | null
  order: number
  vote: Vote | null
}

/** `preparing`: a task is starting it. `void`: that task lost its claim before it was done; the number stays used. */
export type DagDocState = DagState | 'preparing' | 'void'

export interface DagDoc extends Omit<DagRecord, 'state'> {
  _id: string
  state: DagDocState
  copy: number
  /** Order of start in the run. */
  seq: number
  /** Number of its tasks. */
  size: number
  /** Unique: who started it, by which key. */
  origin: string
  /** Claim id of the attempt that prepares it. */
  by: string | null
  rev: number
  /** `prepare`: it may have been left half-made. `launch`: its first tasks are to become ready. `stop`: what waits is to be cancelled. */
  todo?: 'prepare' | 'launch' | 'stop'
}

export interface RunDoc extends Omit<RunHead, 'id'> {
  _id: string
  /** Not published: nobody sees it, nothing of it runs. */
  draft: boolean
  rev: number
  /** Number of DAG copies started so far. */
  dagSeq: number
  /** The DAG copy in which the reason of the stop lies. */
  stopCause: string | null
  /** Of the call that ended it. */
  endToken?: string
  /** `submit`: only half submitted so far. `discard`: and given up, its parts are to be removed. `clean`: it has ended, its store is to be removed. */
  todo?: 'submit' | 'discard' | 'launch' | 'stop' | 'clean'
}

export interface SessionDoc extends Omit<SessionRecord, 'id'> {
  _id: string
  /** Unique: the peer while the session is not dead, the session itself afterwards. So a peer has one session at a time. */
  place: string
  /** The folder of its liveness lock on its host; null when it has none. */
  locks: string | null
}

export type SessionHeadDoc = Omit<SessionDoc, 'connected' | 'stats' | 'beatAt'>

export interface BlueprintDoc {
  _id: string
  run: string
  name: string
  order: number
  autostart: boolean
  /** JSON; null when it is large and kept as a blob. */
  plan: Uint8Array | null
}

export interface LeafDoc {
  _id: string
  run: string
  section: StoreSection
  path: string
  /** null: deleted. */
  value: Uint8Array | null
  /** Of the change that wrote it: an older one that comes late changes nothing. */
  rev: number
}

/** All changes below one root of a run's store stand in line here: one is decided by one write, then carried out, then the next. */
export interface StoreHeadDoc {
  _id: string
  run: string
  section: StoreSection
  rev: number
  /** Of the last change: no other one has it, also when a number was given twice because the first one was rolled back. */
  token: string
  /** Proposed, perhaps decided, perhaps not yet carried out. It is decided when its token is in `wrote` of the task. */
  change: StoreChange | null
}

export interface StoreChange {
  operation: string
  /** Whose it is. */
  claim: Claim
  /** Whether a repetition must be recognised for ever. */
  once: boolean
  puts: { path: string; value: Uint8Array | null }[]
  /** Everything below this path that is not put is deleted; null for nothing. */
  clear: string | null
}

export interface LedgerDoc {
  _id: string
  incarnation: string
  format: number
}

export interface DoneDoc {
  _id: string
  run: string
}

/** As GridFS has it. */
export interface FileDoc {
  _id: string
  length: number
  chunkSize: number
  uploadDate: Date
  filename: string
}

/** As GridFS has it. */
export interface ChunkDoc {
  _id: string
  files_id: string
  n: number
  data: Uint8Array
}

/** Documents are small plain objects; the driver gives bytes as Buffers, which are not what the port promises. */
export function payloadOf(ref: PayloadRef | null): PayloadRef | null {
  return ref?.inline == null ? ref : { ...ref, inline: new Uint8Array(ref.inline) }
}

export function taskOf(doc: TaskDoc): TaskRecord {
  const rest = without(doc, [
    '_id',
    'rev',
    'token',
    'due',
    'holds',
    'todo',
    'skipSuccessors',
    'source',
    'dagSeq',
    'index',
    'launch',
    'wrote',
    'stopping',
    'next',
    'feeds',
    'chain',
    'given',
  ])
  return { id: doc._id, ...rest, out: payloadOf(doc.out) }
}

export function taskDoc(
  { id, ...task }: TaskRecord,
  place: TaskPlace,
  {
    rev,
    token,
    todo,
    skipSuccessors = false,
  }: Pick<TaskDoc, 'rev' | 'token'> & { todo?: TaskTodo; skipSuccessors?: boolean },
): TaskDoc {
  const own = {
    rev,
    token,
    due: task.notBefore ?? 0,
    holds: isOpenState(task.state) || todo === 'halt',
    skipSuccessors,
  }
  return { _id: id, ...task, ...own, ...placeOf(place), ...(todo === undefined ? {} : { todo }) }
}

function placeOf({ source, dagSeq, index, ...optional }: TaskPlace): TaskPlace {
  const place: TaskPlace = { source, dagSeq, index }
  if (optional.wrote !== undefined) place.wrote = optional.wrote
  if (optional.stopping !== undefined) place.stopping = optional.stopping
  if (optional.next !== undefined) place.next = optional.next
  if (optional.feeds !== undefined) place.feeds = optional.feeds
  if (optional.chain !== undefined) place.chain = optional.chain
  return place
}

/**
 * The filter that finds a task as it was read. More than its `rev`: what a local read showed may have been rolled back, and another change
 * may have taken the same number. `holds` tells then whether it became ready or ended. Its state would tell so, too, but has indexes that a
 * server might take instead of that of the id, and then goes through all tasks in that state.
 */
export function unchanged({ _id, rev, token, holds, epoch, claimId }: TaskDoc): Filter<TaskDoc> {
  return { _id, rev, token, holds, epoch, claimId }
}

function isOpenState(state: TaskState): boolean {
  return OPEN_TASK_STATES.includes(state)
}

export function dagOf(doc: DagDoc): DagRecord {
  const { run, name, blueprint, state, starter, starterKey, data, createdAt, endedAt, stop } = doc
  const shown = state === 'preparing' || state === 'void' ? 'running' : state
  return { run, name, blueprint, state: shown, starter, starterKey, data: payloadOf(data), createdAt, endedAt, stop }
}

export function runOf(doc: RunDoc): RunHead {
  return { id: doc._id, ...without(doc, ['_id', 'draft', 'rev', 'dagSeq', 'stopCause', 'endToken', 'todo']) }
}

export function sessionOf(doc: SessionDoc): SessionRecord {
  return { id: doc._id, ...without(doc, ['_id', 'place', 'locks']) }
}

export function sessionHeadOf(doc: SessionHeadDoc): SessionHead {
  return { id: doc._id, ...without(doc, ['_id', 'place', 'locks']) }
}

export function dagId(run: string, name: string): string {
  return `${run}/${name}`
}

function without<T extends object, Key extends keyof T>(doc: T, keys: readonly Key[]): Omit<T, Key> {
  const rest = { ...doc }
  for (const key of keys) delete rest[key]
  return rest
}

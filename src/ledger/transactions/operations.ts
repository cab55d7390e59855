/**
 * Every operation of the ledger by name, as a synchronous function over tables: what an adapter runs as one transaction.
 * `reads` change nothing, so that an adapter may run them beside a write.
 */
import type { Tables } from '../tables.ts'
import { getBundle, putBundle } from './bundles.ts'
import { claim, claimsOf, verify } from './claim.ts'
import { complete } from './complete.ts'
import { loseInputs } from './lose-inputs.ts'
import { noteHolder } from './note-holder.ts'
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
import { passedTo } from './pass-on.ts'
import { peekReady } from './ready-tasks.ts'
import { hasOrphans, reclaim, release, resolve } from './release.ts'
import {
  beat,
  bury,
  closeSession,
  openSession,
  openSessionsOfPeer,
  requestDrain,
  sessionBeats,
  sessionHeads,
  sessions,
  sessionsById,
} from './sessions.ts'
import { startDag } from './start-dag.ts'
import { stopDag, stopRun } from './stop.ts'
import { storeGet, storeWrite } from './store.ts'
import { submit } from './submit.ts'
import { hasUnwritten, writeTasks } from './write-tasks.ts'

/**
 * Read by peers. What comes of it is a write, which stands behind what was seen in the ledger's log and is never kept without it: so they
 * may see what is not on the disk yet.
 */
const looks = {
  openSessionsOfPeer,
  sessions,
  sessionBeats,
  sessionHeads,
  sessionsById,
  peekReady,
  verify,
  claimsOf,
  getBundle,
  dagsStartedBy,
  hasOrphans,
  hasUnwritten,
}

/**
 * Read by people, by tasks, by who begins one, and by who removes files: they act in the world by what they are told, which must not be otherwise
 * after the power has failed.
 */
const told = {
  passedTo,
  storeGet,
  dagStates,
  run,
  runs,
  runHead,
  runProgress,
  runHeads,
  dags,
  tasks,
  task,
  taskCounts,
  dagProgress,
  taskStates,
  tasksIn,
  backlog,
}

const reads = { ...looks, ...told }

const writes = {
  openSession,
  beat,
  requestDrain,
  closeSession,
  bury,
  submit,
  writeTasks,
  startDag,
  stopRun,
  stopDag,
  claim,
  complete,
  loseInputs,
  noteHolder,
  release,
  reclaim,
  resolve,
  storeWrite,
  putBundle,
}

const operations = { ...reads, ...writes }

export type OperationName = keyof typeof operations

type Tail<Values extends unknown[]> = Values extends [unknown, unknown, ...infer Rest] ? Rest : []
export type OperationArgs<Name extends OperationName> = Tail<Parameters<(typeof operations)[Name]>>
export type OperationResult<Name extends OperationName> = ReturnType<(typeof operations)[Name]>

/** One operation to run, as plain data. */
export interface OperationCall {
  name: OperationName
  /** Wall clock of the caller. */
  now: number
  args: readonly unknown[]
}

export function isRead(name: OperationName): boolean {
  return Object.hasOwn(reads, name)
}

/** Whether what it reads has to be on the disk before it is answered. */
export function isTold({ name, args }: Pick<OperationCall, 'name' | 'args'>): boolean {
  return Object.hasOwn(told, name) && !isOfKept(name, args)
}

/** Of claims that their giver heard to be on the disk before it named them. */
function isOfKept(name: OperationName, args: readonly unknown[]): boolean {
  const [, , kept] = args
  return name === 'passedTo' && kept !== undefined
}

export function runOperation(tables: Tables, { name, now, args }: OperationCall): unknown {
  const operation = operations[name] as (tables: Tables, now: number, ...args: readonly unknown[]) => unknown
  return operation(tables, now, ...args)
}

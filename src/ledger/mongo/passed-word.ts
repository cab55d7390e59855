/**
 * What a completion says of a task that it has claimed for another session: the task's document as that write left it, and what never changes of
 * its run and DAG. The peer of that session needs no look at the ledger then. What it does by it is judged as ever: a document that has changed
 * since is not met by what it writes. Only peers of the mesh are heard, which could as well write the ledger; yet what none of them would say is not read.
 */
import { countOf, type Fields, fieldsOf, hexOf, listOf, textOf } from '../../../protocols/fields.ts'
import { checkName, parseTaskId, taskId } from '../../../protocols/ids.ts'
import { MAX_PASSED_WORD_BYTES } from '../../../protocols/limits.ts'
import { decode, encode } from '../../../protocols/msgpack.ts'
import type { ClaimedTask } from '../ledger.ts'
import { describe } from './claimed-tasks.ts'
import type { MongoContext } from './context.ts'
import { dagId, type TaskDoc } from './documents.ts'
import type { DagFacts, RunFacts } from './known.ts'

interface Word {
  doc: TaskDoc
  run: Pick<RunFacts, 'workflow' | 'bundle' | 'args'>
  /** `data` is absent where it would be too much to say: no task that is passed on gets it. */
  dag: Pick<DagFacts, 'blueprint'> & { data?: null }
}

/** Undefined where it is more than may be said, or not all of it is known here: then it is looked up. */
export function makePassedWord(context: MongoContext, doc: TaskDoc): Uint8Array | undefined {
  const run = context.known.runs.get(doc.run)
  const dag = context.known.dags.get(dagId(doc.run, doc.dag))
  if (run === undefined || dag === undefined || doc.given === undefined || doc.stopping === true) return undefined
  const given = doc.given.reduce((sum, { payload }) => sum + payload.sizeBytes, 0)
  // Before it is encoded: most of what is too large is so by its inputs.
  if (given > MAX_PASSED_WORD_BYTES) return undefined
  const { workflow, bundle, args } = run
  const data = dag.data === null ? { data: null } : {}
  const bytes = encode({ doc, run: { workflow, bundle, args }, dag: { blueprint: dag.blueprint, ...data } })
  return bytes.byteLength > MAX_PASSED_WORD_BYTES ? undefined : bytes
}

/** Undefined for what no peer of this version would say, or what has ended here. */
export function readPassedWord(context: MongoContext, session: string, bytes: Uint8Array): ClaimedTask | undefined {
  const word = readWord(session, bytes)
  if (word === undefined) return undefined
  const { known } = context
  const { doc, run, dag } = word
  const { claimId, feeds = [], given = [] } = doc
  if (claimId === null || known.ended.get(claimId) === true) return undefined
  known.noteFollowed(feeds.map(({ name }) => taskId(doc.run, doc.dag, name)))
  // Somebody ran what is before it, and noted then that the run has started.
  const runFacts = known.runs.get(doc.run) ?? { ...run, isStarted: true }
  known.runs.set(doc.run, runFacts)
  if (dag.data === null) known.dags.set(dagId(doc.run, doc.dag), { blueprint: dag.blueprint, data: null })
  known.held.set(claimId, doc)
  return describe(doc, runFacts, { blueprint: dag.blueprint, data: null }, given)
}

function readWord(session: string, bytes: Uint8Array): Word | undefined {
  try {
    const { doc, run, dag } = fieldsOf(decode(bytes))
    return { doc: readDoc(fieldsOf(doc), session), run: readRun(fieldsOf(run)), dag: readDag(fieldsOf(dag)) }
  } catch {
    return undefined
  }
}

function readDoc(doc: Fields, session: string): TaskDoc {
  const place = parseTaskId(textOf(doc._id))
  if (place === undefined || place.run !== doc.run || place.dag !== doc.dag || place.task !== doc.name) {
    throw new TypeError('no task')
  }
  const isClaim = doc.state === 'claimed' && doc.owner === session && countOf(doc.epoch) > 0
  const mayBePassed = doc.effect !== 'exclusive' && doc.source === false && doc.stopping === undefined
  if (!isClaim || !mayBePassed) throw new TypeError('no claim for this session')
  hexOf(doc.claimId, CLAIM_ID_LENGTH)
  textOf(doc.token)
  textOf(doc.queue)
  countOf(doc.rev)
  countOf(doc.attempts)
  const attempt = fieldsOf(listOf(doc.history).at(-1))
  if (attempt.claimId !== doc.claimId) throw new TypeError('no attempt')
  textOf(attempt.passedBy)
  for (const input of listOf(doc.given)) checkInput(fieldsOf(input))
  for (const feed of listOf(doc.feeds)) checkName('task', fieldsOf(feed).name)
  return doc as unknown as TaskDoc
}

function checkInput({ name, slot, payload, epoch }: Fields): void {
  checkName('task', name)
  if (slot !== null) checkName('slot', slot)
  countOf(epoch)
  const { hash, sizeBytes, inline } = fieldsOf(payload)
  hexOf(hash, HASH_LENGTH)
  if (!(inline instanceof Uint8Array) || inline.byteLength !== sizeBytes) throw new TypeError('no payload')
}

function readRun({ workflow, bundle, args }: Fields): Word['run'] {
  return {
    workflow: checkName('workflow', workflow),
    bundle: hexOf(bundle, HASH_LENGTH),
    args: fieldsOf(args) as RunFacts['args'],
  }
}

function readDag({ blueprint, data }: Fields): Word['dag'] {
  return { blueprint: checkName('DAG', blueprint), ...(data === null ? { data } : {}) }
}

const CLAIM_ID_LENGTH = 32
const HASH_LENGTH = 64

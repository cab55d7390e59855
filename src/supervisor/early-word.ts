/**
 * What one peer tells another of a pure task that it is claiming for it, before that is written: enough to begin. It is a word, not the ledger's
 * answer, so it is read with every check, nothing but a pure task begins by it, and what that leaves is judged by the ledger as ever.
 */
import type { ClaimedTask } from '../ledger/ledger.ts'
import { fitsEarlyWord } from '../lease/decide-early.ts'
import type { PayloadRef } from '../lease/records.ts'
import { countOf, type Fields, fieldsOf, hexOf, textOf } from '../../protocols/fields.ts'
import { checkName, taskId } from '../../protocols/ids.ts'
import { MAX_EARLY_WORD_BYTES, MAX_INLINE_PAYLOAD_BYTES } from '../../protocols/limits.ts'
import { decode, encode } from '../../protocols/msgpack.ts'

/** Undefined when it says more than fits into a message: then it is looked up when it is written. */
export function makeEarlyWord(claimed: ClaimedTask): Uint8Array | undefined {
  if (!fitsEarlyWord(claimed)) return undefined
  const { claim, task, run, blueprint, inputs } = claimed
  const { dag, name, queue, attempts, timeoutMs, replicas } = task
  const said = { claim, dag, name, queue, attempts, timeoutMs, replicas: replicas ?? 1, run, blueprint, inputs }
  const bytes = encode(said)
  return bytes.byteLength > MAX_EARLY_WORD_BYTES ? undefined : bytes
}

/** Undefined for what no honest peer of this version would say. */
export function readEarlyWord(bytes: Uint8Array, session: string): ClaimedTask | undefined {
  try {
    return read(fieldsOf(decode(bytes)), session)
  } catch {
    return undefined
  }
}

function read(said: Fields, session: string): ClaimedTask {
  const claim = fieldsOf(said.claim)
  const run = fieldsOf(said.run)
  const id = checkName('run', run.id)
  const dag = textOf(said.dag)
  const [copied, count, ...rest] = dag.split(':')
  if (!/^[1-9]\d*$/.test(count ?? '') || rest.length > 0) throw new TypeError('no copy of a DAG')
  checkName('DAG', copied)
  const name = checkName('task', said.name)
  const task = taskId(id, dag, name)
  const [epoch, claimId] = [countOf(claim.epoch), hexOf(claim.claimId, 32)]
  if (claim.task !== task || epoch === 0 || !Array.isArray(said.inputs)) throw new TypeError('no claim')
  const own = {
    id: task,
    run: id,
    dag,
    name,
    queue: textOf(said.queue),
    attempts: countOf(said.attempts),
    timeoutMs: said.timeoutMs === null ? null : countOf(said.timeoutMs),
    replicas: countOf(said.replicas),
  }
  return {
    claim: { task, epoch, claimId },
    task: { ...UNSAID, ...own, epoch, claimId, owner: session },
    run: {
      id,
      workflow: checkName('workflow', run.workflow),
      bundle: hexOf(run.bundle, 64),
      args: fieldsOf(run.args) as ClaimedTask['run']['args'],
    },
    blueprint: checkName('DAG', said.blueprint),
    inputs: said.inputs.map(readInput),
    start: null,
  }
}

function readInput(given: unknown): ClaimedTask['inputs'][number] {
  const { task, slot, payload, epoch } = fieldsOf(given)
  return {
    task: checkName('task', task),
    slot: slot === null ? null : checkName('slot', slot),
    payload: readPayload(fieldsOf(payload)),
    epoch: countOf(epoch),
  }
}

function readPayload({ hash, sizeBytes, inline }: Fields): PayloadRef {
  const isHere = inline instanceof Uint8Array && inline.byteLength <= MAX_INLINE_PAYLOAD_BYTES
  if (!isHere || inline.byteLength !== sizeBytes) throw new TypeError('no payload')
  return { hash: hexOf(hash, 64), sizeBytes, inline, holders: [] }
}

/** What nobody asks of a task that runs. */
const UNSAID = {
  kind: '',
  state: 'claimed',
  effect: 'pure',
  priority: 0,
  retries: 0,
  backoffMs: 0,
  forceRun: false,
  propagateSkip: true,
  failures: 0,
  deaths: 0,
  notBefore: null,
  createdAt: 0,
  // Equal: nobody has seen it ready.
  readyAt: 0,
  claimedAt: 0,
  endedAt: null,
  out: null,
  limit: null,
  error: null,
  history: [],
} satisfies Partial<ClaimedTask['task']>

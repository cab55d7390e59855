/**
 * What a completion says of a task that it has claimed for another session: all that is needed to run it, as it was claimed. It goes to that peer when
 * it is on the disk, and no look at the ledger is needed there. What comes of it is judged as ever, by the claim. Only peers of the mesh are heard,
 * which could as well write the ledger; yet what none of them would say is not read.
 */
import { countOf, type Fields, fieldsOf, hexOf, listOf, textOf } from '../../../protocols/fields.ts'
import { checkName, parseTaskId } from '../../../protocols/ids.ts'
import { MAX_INLINE_PAYLOAD_BYTES, MAX_PASSED_WORD_BYTES } from '../../../protocols/limits.ts'
import { decode, encode } from '../../../protocols/msgpack.ts'
import type { ClaimedTask } from '../ledger.ts'

/** Undefined where that is more than may be said: then it is looked up. */
export function makePassedWord(claimed: ClaimedTask): Uint8Array | undefined {
  const bytes = encode(claimed)
  return bytes.byteLength > MAX_PASSED_WORD_BYTES ? undefined : bytes
}

/** Undefined for what no peer of this version would say. */
export function readPassedWord(session: string, bytes: Uint8Array): ClaimedTask | undefined {
  try {
    const said = fieldsOf(decode(bytes))
    checkTask(fieldsOf(said.task), fieldsOf(said.claim), session)
    checkRun(fieldsOf(said.run), fieldsOf(said.task))
    checkName('DAG', said.blueprint)
    for (const input of listOf(said.inputs)) checkInput(fieldsOf(input))
    if (said.start !== null) throw new TypeError('no successor')
    return said as unknown as ClaimedTask
  } catch {
    return undefined
  }
}

function checkTask(task: Fields, claim: Fields, session: string): void {
  const place = parseTaskId(textOf(task.id))
  if (place === undefined || place.run !== task.run || place.dag !== task.dag || place.task !== task.name) {
    throw new TypeError('no task')
  }
  const isOwn = task.state === 'claimed' && task.owner === session && countOf(task.epoch) > 0
  const mayBePassed = task.effect === 'pure' || task.effect === 'idempotent'
  if (!isOwn || !mayBePassed) throw new TypeError('no claim for this session')
  if (claim.task !== task.id || claim.epoch !== task.epoch || hexOf(claim.claimId, CLAIM_ID_DIGITS) !== task.claimId) {
    throw new TypeError('no claim')
  }
  textOf(task.queue)
  countOf(task.attempts)
  if (task.timeoutMs !== null) countOf(task.timeoutMs)
  textOf(fieldsOf(listOf(task.history).at(-1)).passedBy)
}

function checkRun(run: Fields, task: Fields): void {
  if (run.id !== task.run) throw new TypeError('another run')
  checkName('workflow', run.workflow)
  hexOf(run.bundle, BUNDLE_DIGITS)
  fieldsOf(run.args)
}

function checkInput({ task, slot, payload, epoch }: Fields): void {
  checkName('task', task)
  if (slot !== null) checkName('slot', slot)
  countOf(epoch)
  const { hash, sizeBytes, inline, holders } = fieldsOf(payload)
  hexOf(hash, BUNDLE_DIGITS)
  const isHere = inline instanceof Uint8Array && inline.byteLength <= MAX_INLINE_PAYLOAD_BYTES
  if (!isHere || inline.byteLength !== sizeBytes) throw new TypeError('no payload')
  listOf(holders).forEach(textOf)
}

const CLAIM_ID_DIGITS = 32
const BUNDLE_DIGITS = 64

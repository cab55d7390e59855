/**
 * A run's store: one document per leaf, and one head per root (first part of a path), where the changes below it stand in line. A change is
 * computed from the leaves as they are, decided by one conditional write to the head, and then carried out leaf by leaf, by its writer or by
 * whoever comes next. Readers carry out what they find decided and look at the head again, so that they see whole changes.
 *
 * The claim is checked just before the decision, by a write of its own kind: a change that was on its way when the claim was lost may
 * still land within the time that the server gives a command. Attempts that repeat the work of a dead one meet its writes anyway.
 */
import type { Claim } from '../../lease/records.ts'
import type { StoreSection } from '../../lease/store-write.ts'
import { pathsAbove } from '../store-path.ts'
import { readLeaves, writeLeaves, type EncodedLeaf, type LeafWrite } from '../store-leaves.ts'
import { unknownRun } from '../transactions/require-rows.ts'
import { requireClaimed } from './claimed-task.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import type { LeafDoc, StoreChange, StoreHeadDoc } from './documents.ts'
import { inGroups } from './in-parallel.ts'
import { LeafBuffer } from './leaf-buffer.ts'
import { isDuplicate } from './mongo-errors.ts'
import { MAX_DOCUMENTS_PER_WRITE, MAX_STORE_READ_TRIES } from './mongo-limits.ts'

interface Place {
  run: string
  section: StoreSection
  path: string
}

export async function storeGet(
  context: MongoContext,
  run: string,
  section: StoreSection,
  path: string,
): Promise<EncodedLeaf[]> {
  if (!(await context.isPublished(run))) throw unknownRun(run)
  const place = { run, section, path }
  for (let tries = 1; ; tries++) {
    const rev = await settledRev(context, place)
    const leaves = readLeaves(await leavesAt(context, place), path)
    if (leaves.length < 2 || tries >= MAX_STORE_READ_TRIES) return leaves
    const head = await context.get(context.collections.heads, headId(place))
    if (head === null || (head.rev === rev && head.change === null)) return leaves
  }
}

/** The number of the last change, which is carried out then. */
async function settledRev(context: MongoContext, place: Place): Promise<number> {
  const head = await context.get(context.collections.heads, headId(place))
  if (head?.change != null) await carryOut(context, head, head.change)
  return head?.rev ?? 0
}

/** `operation`: the same again is the same write. */
export async function storeWrite(
  context: MongoContext,
  claim: Claim,
  section: StoreSection,
  write: LeafWrite,
  operation: string,
): Promise<void> {
  const { run } = await requireClaimed(context, claim)
  const place = { run, section, path: write.path }
  await context.lines.inLine(headId(place), async () => {
    while (!(await tryWrite(context, claim, place, write, operation)));
  })
}

/** False when another change came first. */
async function tryWrite(
  context: MongoContext,
  claim: Claim,
  place: Place,
  write: LeafWrite,
  operation: string,
): Promise<boolean> {
  const { heads, done } = context.collections
  const head = await context.get(heads, headId(place))
  if (head?.change != null) {
    await carryOut(context, head, head.change)
    return head.change.operation === operation
  }
  const once = write.kind === 'append' || write.kind === 'increment'
  if (once && (await context.exists(done, { _id: operation }))) return true
  const leaves = await leavesAt(context, place)
  writeLeaves(leaves, write)
  const change: StoreChange = { operation, once, puts: leaves.changes() }
  await requireClaimed(context, claim)
  const rev = (head?.rev ?? 0) + 1
  const next: StoreHeadDoc = { _id: headId(place), run: place.run, section: place.section, rev, change }
  const isDecided =
    head === null
      ? await context.insert(heads, next)
      : await context.update(heads, { _id: head._id, rev: head.rev, change: null }, { $set: { rev, change } })
  if (isDecided) await carryOut(context, next, change)
  return isDecided
}

/** Each leaf is written unless it is newer already, so that this may be repeated, done by several at once, and come late. */
async function carryOut(
  context: MongoContext,
  { _id, run, section, rev }: StoreHeadDoc,
  change: StoreChange,
): Promise<void> {
  const { leaves, heads, done } = context.collections
  for (const group of inGroups(change.puts, MAX_DOCUMENTS_PER_WRITE)) {
    const writes = group.map(({ path, value }) => {
      const filter = { _id: leafId({ run, section, path }), rev: { $lt: rev } }
      return { updateOne: { filter, update: { $set: { run, section, path, value, rev } }, upsert: true } }
    })
    await context.answers.ask(() => leaves.bulkWrite(writes, { ...BOUNDED, ordered: false }).catch(ignoreNewer))
  }
  if (change.once) await context.insert(done, { _id: change.operation, run })
  await context.update(heads, { _id, rev }, { $set: { change: null } })
}

/** The leaf has a later value: the filter did not match, and the insertion that took its place met it. */
function ignoreNewer(error: unknown): void {
  if (!isDuplicate(error)) throw error
}

/** The leaf at a path, those above and those below it. */
async function leavesAt(context: MongoContext, { run, section, path }: Place): Promise<LeafBuffer> {
  // "/" is the character after ".".
  const near = [{ path: { $in: [path, ...pathsAbove(path)] } }, { path: { $gte: `${path}.`, $lt: `${path}/` } }]
  const found = await context.list(context.collections.leaves, { run, section, $or: near })
  return new LeafBuffer(found.flatMap(leaf => (leaf.value === null ? [] : [[leaf.path, new Uint8Array(leaf.value)]])))
}

/** What a store holds from the beginning. */
export async function putFirstLeaves(context: MongoContext, run: string, given: readonly EncodedLeaf[]): Promise<void> {
  const docs = given.map(([path, value]): LeafDoc => ({
    _id: leafId({ run, section: 'data', path }),
    run,
    section: 'data',
    path,
    value,
    rev: 0,
  }))
  await context.insertMissing(context.collections.leaves, docs)
}

export async function deleteStore(context: MongoContext, run: string, section: StoreSection): Promise<void> {
  const { leaves, heads } = context.collections
  await context.remove(heads, { run, section })
  await context.remove(leaves, { run, section })
  await forgetOperations(context, run)
}

/** No claim of the run holds any more, so none of its writes can be repeated. */
export async function forgetOperations(context: MongoContext, run: string): Promise<void> {
  await context.remove(context.collections.done, { run })
}

function headId({ run, section, path }: Place): string {
  return `${run}/${section}/${path.split('.', 1)[0]}`
}

function leafId({ run, section, path }: Place): string {
  return `${run}/${section}/${path}`
}

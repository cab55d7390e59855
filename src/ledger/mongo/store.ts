/**
 * A run's store: one document per leaf, and one head per root (first part of a path), where the changes below it stand in line. A change is
 * computed from the leaves as they are and proposed by one conditional write to the head. It is decided by a write to the task whose claim
 * it carries, on condition that the claim holds: so a change whose claim is lost can never land, however late it comes. Then it is
 * carried out leaf by leaf. Decided, struck off and carried out is what stands first in line by its writer or by whoever comes next.
 * Readers do so too and look at the head again, so that they see whole changes.
 */
import { isCurrentClaim } from '../../lease/fence.ts'
import type { Claim } from '../../lease/records.ts'
import type { StoreSection } from '../../lease/store-write.ts'
import { pathsAbove } from '../store-path.ts'
import { readLeaves, writeLeaves, type EncodedLeaf, type LeafWrite } from '../store-leaves.ts'
import { claimLost, unknownRun } from '../transactions/require-rows.ts'
import { requireClaimed } from './claimed-task.ts'
import { BOUNDED, type MongoContext } from './context.ts'
import { taskOf, type LeafDoc, type StoreChange, type StoreHeadDoc } from './documents.ts'
import { inGroups } from './in-parallel.ts'
import { LeafBuffer } from './leaf-buffer.ts'
import { isDuplicate } from './mongo-errors.ts'
import { MAX_DOCUMENTS_PER_WRITE, MAX_STORE_READ_TRIES, MAX_WRITES_REMEMBERED } from './mongo-limits.ts'

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
    const leaves = readLeaves(await leavesAt(context, place, true), path)
    if (leaves.length < 2 || tries >= MAX_STORE_READ_TRIES) return leaves
    const head = await context.get(context.collections.heads, headId(place))
    if (head === null || (head.rev === rev && head.change === null)) return leaves
  }
}

/** The number of the last change, which is brought to its end then. */
async function settledRev(context: MongoContext, place: Place): Promise<number> {
  const head = await context.get(context.collections.heads, headId(place))
  if (head?.change != null) await finishFirst(context, head._id)
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
  if (head?.change != null) return (await finishFirst(context, head._id)) === operation
  const once = write.kind === 'append' || write.kind === 'increment'
  if (once && (await context.exists(done, { _id: operation }))) return true
  const leaves = await leavesAt(context, place, once)
  writeLeaves(leaves, write)
  const change: StoreChange = { operation, claim, once, puts: leaves.changes(), clear: leaves.cleared }
  const next = { rev: (head?.rev ?? 0) + 1, token: context.newToken(), change }
  const proposed: StoreHeadDoc = { _id: headId(place), run: place.run, section: place.section, ...next }
  const isFirst =
    head === null
      ? await context.insert(heads, proposed)
      : await context.update(heads, { _id: head._id, rev: head.rev, token: head.token, change: null }, { $set: next })
  if (!isFirst) return false
  if (!(await finish(context, proposed, change))) throw claimLost(claim)
  return true
}

/** Brings what stands first in line to its end; the operation, when it was carried out. */
async function finishFirst(context: MongoContext, id: string): Promise<string | null> {
  // Read surely: nothing may be carried out whose proposal is rolled back.
  const head = await context.sure(context.collections.heads, id)
  if (head === null || head.change === null) return null
  return (await finish(context, head, head.change)) ? head.change.operation : null
}

/** Whether the change was made; it is struck off when its claim was lost before. */
async function finish(context: MongoContext, head: StoreHeadDoc, change: StoreChange): Promise<boolean> {
  const isDecided = await decide(context, head.token, change.claim)
  if (isDecided) await carryOut(context, head, change)
  await context.update(context.collections.heads, { _id: head._id, token: head.token }, { $set: { change: null } })
  return isDecided
}

/** Once and for all, for everybody who asks: the task remembers what was decided, and a claim that is lost never holds again. */
async function decide(context: MongoContext, token: string, { task: _id, epoch, claimId }: Claim): Promise<boolean> {
  const { tasks } = context.collections
  const held = { _id, state: 'claimed' as const, epoch, claimId, wrote: { $ne: token } }
  const remember = { $push: { wrote: { $each: [token], $slice: -MAX_WRITES_REMEMBERED } }, $inc: { rev: 1 } }
  for (;;) {
    const isNew = await context.update(tasks, held, remember)
    // It is not as it was claimed any more.
    context.known.held.delete(claimId)
    if (isNew) return true
    const task = await context.sure(tasks, _id)
    if (task?.wrote?.includes(token) === true) return true
    if (task === null || !isCurrentClaim(taskOf(task), { task: _id, epoch, claimId })) return false
  }
}

/** Each leaf is written unless it is newer already, so that this may be repeated, done by several at once, and come late. */
async function carryOut(
  context: MongoContext,
  { run, section, rev }: StoreHeadDoc,
  change: StoreChange,
): Promise<void> {
  const { leaves, done } = context.collections
  for (const group of inGroups(change.puts, MAX_DOCUMENTS_PER_WRITE)) {
    const writes = group.map(({ path, value }) => {
      const filter = { _id: leafId({ run, section, path }), rev: { $lt: rev } }
      return { updateOne: { filter, update: { $set: { run, section, path, value, rev } }, upsert: true } }
    })
    await context.answers.ask(() => leaves.bulkWrite(writes, { ...BOUNDED, ordered: false }).catch(ignoreNewer))
  }
  if (change.clear !== null) {
    const old = { run, section, path: below(change.clear), value: { $ne: null }, rev: { $lt: rev } }
    await context.updateAll(leaves, old, { $set: { value: null, rev } })
  }
  if (change.once) await context.insert(done, { _id: change.operation, run })
}

/** The leaf has a later value: the filter did not match, and the insertion that took its place met it. */
function ignoreNewer(error: unknown): void {
  if (!isDuplicate(error)) throw error
}

/** The leaf at a path, those above and, if wanted, those below it. */
async function leavesAt(context: MongoContext, { run, section, path }: Place, withBelow: boolean): Promise<LeafBuffer> {
  const own = { path: { $in: [path, ...pathsAbove(path)] } }
  const near = withBelow ? [own, { path: below(path) }] : [own]
  const found = await context.list(context.collections.leaves, { run, section, $or: near })
  return new LeafBuffer(found.flatMap(leaf => (leaf.value === null ? [] : [[leaf.path, new Uint8Array(leaf.value)]])))
}

/** "/" is the character after ".". */
function below(path: string): { $gte: string; $lt: string } {
  return { $gte: `${path}.`, $lt: `${path}/` }
}

/** What a store holds from the beginning. */
export async function putFirstLeaves(
  context: MongoContext,
  run: string,
  given: readonly EncodedLeaf[],
  section: StoreSection = 'data',
): Promise<void> {
  const docs = given.map(([path, value]): LeafDoc => ({
    _id: leafId({ run, section, path }),
    run,
    section,
    path,
    value,
    rev: 0,
  }))
  await context.insertMissing(context.collections.leaves, docs)
}

/** Everything in a store that nobody writes to any more, with what was decided and not yet carried out. */
export async function wholeStore(context: MongoContext, run: string, section: StoreSection): Promise<EncodedLeaf[]> {
  const { heads, leaves } = context.collections
  const unfinished = await context.list(heads, { run, section, change: { $ne: null } }, { projection: { _id: 1 } })
  for (const { _id } of unfinished) await finishFirst(context, _id)
  const docs = await context.list(leaves, { run, section, value: { $ne: null } })
  return docs.map(({ path, value }) => [path, new Uint8Array(value ?? [])])
}

export async function deleteStore(context: MongoContext, run: string, section: StoreSection): Promise<void> {
  const { leaves, heads } = context.collections
  await context.remove(heads, { run, section })
  await context.remove(leaves, { run, section })
  await forgetOperations(context, run)
}

/** Whether there is anything to delete: most runs end without ever having used it. By one command. */
export function hasStore(context: MongoContext, run: string, section: StoreSection): Promise<boolean> {
  const { leaves, heads, done } = context.collections
  const also = (coll: string, match: object) => ({
    $unionWith: { coll, pipeline: [{ $match: match }, { $limit: 1 }, { $project: { _id: 1 } }] },
  })
  return context.findsSurely(leaves, [
    { $match: { run, section } },
    { $limit: 1 },
    { $project: { _id: 1 } },
    also(heads.collectionName, { run, section }),
    also(done.collectionName, { run }),
  ])
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

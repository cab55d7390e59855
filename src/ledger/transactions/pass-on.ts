/** A completion claims successors for the sessions of others, who are told of it and start them without a write of their own. */
import { fitsEarlyWord } from '../../lease/decide-early.ts'
import { MAX_PASSED_ON, mayPassOn, rankReceivers } from '../../lease/decide-passing.ts'
import { claimOf } from '../../lease/fence.ts'
import type { SessionRecord, TaskRecord } from '../../lease/records.ts'
import { hasNeeds } from '../../workflow/needs.ts'
import type { ClaimedTask, HandOn, PassedTask } from '../ledger.ts'
import type { Tables } from '../tables.ts'
import { claimOne, describeHeld } from './claim.ts'
import { byUrgency, holdersOfInputs } from './ready-tasks.ts'

/** `ready`: what the completion made ready and did not hand on to its own session. */
export function passOn(
  tables: Tables,
  now: number,
  ready: readonly TaskRecord[],
  { session: id, passOn: wish }: HandOn,
): PassedTask[] {
  const giver = tables.session(id)
  if (wish === undefined || giver === undefined || giver.state === 'dead') return []
  const tasks = ready.filter(task => mayPassOn(task, giver)).sort(byUrgency)
  if (tasks.length === 0 || tasks.length > MAX_PASSED_ON) return []
  const siblings = new Set(tasks.map(task => task.id))
  const receivers = receiversOf(tables, wish.to)
  const passed: PassedTask[] = []
  for (const task of tasks) {
    const claimId = wish.claimIds[passed.length]
    if (claimId === undefined) break
    const inputs = receivers.length > 1 ? holdersOfInputs(tables, task.id) : []
    const ranked = rankReceivers({ ...task, inputs }, receivers)
    // The first one that gets it: a session may have begun to drain, or be full, since the giver heard of it.
    for (const session of ranked) {
      if (!hasPlace(tables, session) || !isFirstInLine(tables, now, task, { session, siblings })) continue
      const claimed = claimOne(tables, now, session, { task: task.id, claimId, passedBy: id })
      if (claimed === undefined) continue
      session.places -= 1
      const early = fitsEarlyWord(claimed) ? { early: claimed, beat: session.beat } : {}
      passed.push({ claim: claimed.claim, session: session.id, peer: session.peer, ...early })
      break
    }
  }
  return passed
}

type ReceivingSession = SessionRecord & { places: number }

function receiversOf(tables: Tables, to: NonNullable<HandOn['passOn']>['to']): ReceivingSession[] {
  return to.flatMap(({ session: id, places }) => {
    const session = tables.session(id)
    return session === undefined ? [] : [{ ...session, places }]
  })
}

/** By what its giver heard of it, and by what it holds: several may think of the same place. What waits in a join counts, too. */
function hasPlace(tables: Tables, { id, places, capacity }: ReceivingSession): boolean {
  return places > 0 && tables.claimedBy(id).length < capacity
}

/** Nothing as urgent waits for this session, but for the siblings of the task, which come in their turn. */
function isFirstInLine(
  tables: Tables,
  now: number,
  { priority }: TaskRecord,
  { session, siblings }: { session: SessionRecord; siblings: ReadonlySet<string> },
): boolean {
  return session.queues.every(queue => {
    if (hasNeeds(queue)) return true
    const first = tables.readyTasks(queue, now, siblings.size + 1).find(({ id }) => !siblings.has(id))
    return first === undefined || first.priority < priority
  })
}

/** What these claim ids hold already. */
export function passedOnBefore(tables: Tables, { passOn: wish }: HandOn): PassedTask[] {
  if (wish === undefined) return []
  const asked = new Set(wish.claimIds)
  return receiversOf(tables, wish.to).flatMap(({ id, peer }) =>
    tables.claimedBy(id).flatMap(task => {
      return asked.has(task.claimId ?? '') ? [{ claim: claimOf(task), session: id, peer }] : []
    }),
  )
}

/** `kept`: of these alone. */
export function passedTo(
  tables: Tables,
  _now: number,
  id: string,
  except: readonly string[],
  kept?: readonly string[],
): ClaimedTask[] {
  const session = tables.session(id)
  if (session === undefined || session.state === 'dead') return []
  const known = new Set(except)
  return tables.claimedBy(id).flatMap(task => {
    const claimId = task.claimId ?? ''
    if (known.has(claimId) || kept?.includes(claimId) === false) return []
    if (task.history.at(-1)?.passedBy === undefined) return []
    return describeHeld(tables, task) ?? []
  })
}

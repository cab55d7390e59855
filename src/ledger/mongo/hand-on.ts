/**
 * A session that completes a task goes on with others, which are claimed in the same step: successors before they are ready for anybody
 * else, and what waits. What is chosen follows the rules of the ledgers with transactions; it is chosen from what was read a moment ago, and each
 * claim is written on condition that its task is still so.
 */
import { readyTask } from '../../lease/advance-task.ts'
import type { SessionHead, TaskRecord } from '../../lease/records.ts'
import { MAX_SPARE_HAND_ONS } from '../ledger-limits.ts'
import type { HandOn } from '../ledger.ts'
import { mayWait } from '../transactions/hand-on.ts'
import { byUrgency } from '../transactions/ready-tasks.ts'
import type { MayRun } from './advance.ts'
import { wantedClaim } from './claims.ts'
import type { MongoContext } from './context.ts'
import type { WantedClaim } from './decisions.ts'
import { sessionHeadOf, taskOf, type TaskDoc } from './documents.ts'
import { readyNow } from './ready-tasks.ts'

/** A completion that may hand on. */
export interface Giver {
  completed: TaskDoc
  /** Its place among the roots of what may run; null when nothing followed from it. */
  root: number | null
  handOn: HandOn
}

/** What each of them claims, in the order of their wishes. */
export async function chooseHandOns(
  context: MongoContext,
  givers: readonly Giver[],
  mayRun: readonly MayRun[],
  token: string,
): Promise<WantedClaim[]> {
  const ready = mayRun.flatMap(({ doc, root }) => (isBlocked(doc) ? [{ doc, root }] : []))
  const wishing = givers.filter(({ handOn, root }) => {
    const { queues } = handOn
    return wantsWaiting(handOn) || ready.some(one => one.root === root && queues.includes(one.doc.queue))
  })
  if (wishing.length === 0) return []
  const line = new Line(context, ready, await waitingFor(context, wishing))
  const claims: WantedClaim[] = []
  for (const giver of wishing) {
    const session = await context.session(giver.handOn.session)
    if (session !== null && session.state !== 'dead') claims.push(...line.give(giver, sessionHeadOf(session), token))
  }
  return claims
}

export function isBlocked({ state, awaits }: TaskDoc): boolean {
  return state === 'blocked' && awaits === undefined
}

function wantsWaiting({ choice, claimIds, aheadIds = [] }: HandOn): boolean {
  return aheadIds.length > 0 || (choice !== 'successors' && claimIds.length > 0)
}

interface Waiting {
  /** The most urgent first; none when only their urgency was asked for. */
  docs: readonly TaskDoc[]
  /** Priority of the most urgent one. */
  urgency: number
}

async function waitingFor(context: MongoContext, givers: readonly Giver[]): Promise<Waiting> {
  const queues = [...new Set(givers.flatMap(({ handOn }) => handOn.queues))]
  const nowMs = context.clock.monotonicMs()
  const wanted = givers.filter(({ handOn }) => wantsWaiting(handOn))
  const known = context.known.urgency(queues, nowMs)
  const isEnough = known !== undefined && (wanted.length === 0 || known === Number.NEGATIVE_INFINITY)
  if (isEnough) return { docs: [], urgency: known }
  const isContended = context.known.isContended(nowMs)
  const count =
    (isContended ? 2 : 1) *
    wanted.reduce((sum, { handOn }) => sum + handOn.claimIds.length + (handOn.aheadIds?.length ?? 0), 0)
  const spare = count === 0 ? 1 : MAX_SPARE_HAND_ONS
  const docs = queues.length === 0 ? [] : await readyNow(context, queues, count + spare)
  const urgency = docs[0]?.priority ?? Number.NEGATIVE_INFINITY
  context.known.noteUrgency(queues, urgency, nowMs)
  return { docs: wanted.length === 0 ? [] : docs, urgency }
}

interface Place {
  before: TaskDoc
  /** The root that it became ready by; null for what waited before. */
  root: number | null
  /** As it is or would be when it is ready. */
  ready: TaskRecord
}

/** All that is ready, or is about to be; what is given is taken out of it. */
class Line {
  readonly #context: MongoContext
  readonly #urgency: number
  /** Of the claims too: what became ready by the very write that claims it was on nobody's list. */
  readonly #now: number
  #places: Place[]

  constructor(context: MongoContext, mayRun: readonly MayRun[], { docs, urgency }: Waiting) {
    this.#context = context
    this.#urgency = docs.length === 0 ? urgency : Number.NEGATIVE_INFINITY
    const now = context.now()
    this.#now = now
    const waiting = docs.map((before): Place => ({ before, root: null, ready: taskOf(before) }))
    const own = mayRun.map(({ doc, root }): Place => ({ before: doc, root, ready: readyTask(taskOf(doc), now) }))
    this.#places = [...waiting, ...own].sort((one, other) => byUrgency(one.ready, other.ready))
  }

  give({ completed, root, handOn }: Giver, session: SessionHead, token: string): WantedClaim[] {
    const { choice, claimIds, aheadIds = [] } = handOn
    const served = new Set(handOn.queues.filter(queue => session.queues.includes(queue)))
    const given: WantedClaim[] = []
    const take = (place: Place, claimId: string): boolean => {
      const claim = wantedClaim(this.#context, place.before, session, {
        claimId,
        token,
        task: place.ready,
        now: this.#now,
      })
      if (claim === undefined) return false
      given.push(claim)
      this.#places = this.#places.filter(other => other !== place)
      return true
    }
    const takeForPlaces = (places: readonly Place[], may: (place: Place) => boolean): void => {
      for (const place of places) {
        const claimId = claimIds[given.length]
        if (claimId === undefined || !may(place)) return
        take(place, claimId)
      }
    }
    if (choice !== 'in-turn') {
      const own = this.#servedBy(served).filter(place => place.root !== null && place.root === root)
      takeForPlaces(own, ({ ready }) => ready.priority >= this.#best(served))
    }
    if (choice !== 'successors') takeForPlaces(this.#servedBy(served), () => true)
    let ahead = 0
    for (const place of this.#forAhead(served, aheadIds.length)) {
      const claimId = aheadIds[ahead]
      if (claimId === undefined || !mayWait(place.ready, completed)) break
      if (take(place, claimId)) ahead += 1
    }
    return given
  }

  /** The front of the line; while others take from there too, some part of it. */
  #forAhead(queues: ReadonlySet<string>, count: number): Place[] {
    const places = this.#servedBy(queues)
    if (!this.#context.known.isContended(this.#context.clock.monotonicMs())) return places
    const first = Math.floor(this.#context.random.float() * Math.max(1, places.length - count + 1))
    return places.slice(first)
  }

  #servedBy(queues: ReadonlySet<string>): Place[] {
    return this.#places.filter(({ ready }) => queues.has(ready.queue))
  }

  /** Priority of the most urgent one: nobody is overtaken by what is less urgent. */
  #best(queues: ReadonlySet<string>): number {
    return Math.max(this.#urgency, ...this.#servedBy(queues).map(({ ready }) => ready.priority))
  }
}

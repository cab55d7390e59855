/**
 * What this process has seen and need not read again: what never changes, and documents as they were when they were read. Everything that
 * is decided by the latter is written on condition that they are still so, so that an old one costs a repetition and nothing else.
 */
import type { SessionBeat } from '../../lease/records.ts'
import type { DagDoc, RunDoc, SessionHeadDoc, TaskDoc } from './documents.ts'
import type { FollowUp } from './follow-up.ts'
import type { Producer } from './inputs.ts'
import {
  CONTENTION_BELIEVED_MS,
  INPUT_BELIEVED_MS,
  MAX_NAMES_REMEMBERED,
  MAX_REMEMBERED,
  SESSION_BELIEVED_MS,
  URGENCY_BELIEVED_MS,
} from './mongo-limits.ts'

/** What never changes in a run, and whether its start is recorded. */
export type RunFacts = Pick<RunDoc, 'workflow' | 'bundle' | 'args'> & { isStarted: boolean }
export type DagFacts = Pick<DagDoc, 'blueprint' | 'data'>

export type Followed = Pick<FollowUp, 'dagEnded'> & Pick<TaskDoc, 'token'>

/** What some sessions hold, and the first in line in their queues, the most urgent first. */
export interface Outlook {
  held: Map<string, number>
  /** Tasks (ids) that were claimed for them since, and have not ended as far as is known, with whose they are. */
  passed: Map<string, string>
  first: { queue: string; priority: number }[]
}

export class Known {
  readonly runs = new Recent<RunFacts>(MAX_REMEMBERED)
  readonly dags = new Recent<DagFacts>(MAX_REMEMBERED)
  /** Tasks that this process has claimed, as that claim wrote them; by claim id. */
  readonly held = new Recent<TaskDoc>(MAX_REMEMBERED)
  /** Tasks that will follow what this process runs, by id. */
  readonly foreseen = new Recent<TaskDoc>(MAX_REMEMBERED)
  /** Claims whose end this process has recorded: they do not hold any more, whatever happens. */
  readonly ended = new Recent<true>(MAX_NAMES_REMEMBERED)
  /** Ends that this process recorded and followed up, by task (id); `token`: of that change. Nothing is left to do about them. */
  readonly followed = new Recent<Followed>(MAX_REMEMBERED)
  /** DAG copies that were surely seen to run, in runs that did, with no stop asked for (ids). Whoever stops them now meets all their tasks. */
  readonly open = new Recent<true>(MAX_REMEMBERED)
  /** DAG copies in which something was open at the last look (ids): it is likely to be so at the next. */
  readonly leftOpen = new Recent<true>(MAX_NAMES_REMEMBERED)
  /** Tasks that left nothing, or something so small that it is in the ledger (ids). */
  readonly nowhereElse = new Recent<true>(MAX_NAMES_REMEMBERED)
  /** Of the last look at what is ready. */
  peeked: ReadonlyMap<string, TaskDoc> = new Map()
  readonly #producers = new Recent<{ producer: Producer; atMs: number }>(MAX_REMEMBERED)
  readonly #sessions = new Recent<{ session: SessionHeadDoc; atMs: number }>(MAX_REMEMBERED)
  #contendedMs = Number.NEGATIVE_INFINITY
  #outlook: { sessions: string; outlook: Outlook; atMs: number } | null = null
  #urgency: { queues: string; priority: number; atMs: number } | null = null

  noteRun({ _id, workflow, bundle, args, startedAt }: RunDoc): void {
    this.runs.set(_id, { workflow, bundle, args, isStarted: startedAt !== null })
  }

  noteDag({ _id, blueprint, data }: DagDoc): void {
    this.dags.set(_id, { blueprint, data })
  }

  /** `doc`: the task as it is now. */
  noteEnd(claimId: string, doc?: TaskDoc): void {
    this.ended.set(claimId, true)
    if (doc !== undefined && isSmall(doc)) this.nowhereElse.set(doc._id, true)
  }

  /**
   * What a task left a moment ago, where it is small: that is in the ledger and never lost. It may name a file that is lost and made again,
   * of which whoever uses it hears then.
   */
  producer(id: string, nowMs: number): Producer | undefined {
    const seen = this.#producers.get(id)
    return seen !== undefined && nowMs - seen.atMs <= INPUT_BELIEVED_MS ? seen.producer : undefined
  }

  /** `atMs`: when it was asked for. */
  noteProducer({ _id, name, out, epoch, state }: Producer, atMs: number): void {
    const hasEnded = state === 'done' || state === 'stopped'
    if (hasEnded && isSmall({ out })) this.#producers.set(_id, { producer: { _id, name, out, epoch, state }, atMs })
  }

  forgetProducer(id: string): void {
    this.#producers.delete(id)
    this.nowhereElse.delete(id)
  }

  /** One that was seen to live a moment ago. */
  session(id: string, nowMs: number): SessionHeadDoc | undefined {
    const seen = this.#sessions.get(id)
    return seen !== undefined && nowMs - seen.atMs <= SESSION_BELIEVED_MS ? seen.session : undefined
  }

  /** `atMs`: when it was asked for. */
  noteSession(session: SessionHeadDoc, atMs: number): void {
    if (session.state === 'dead') this.#sessions.delete(session._id)
    else this.#sessions.set(session._id, { session, atMs })
  }

  /** These live, and no others; what hardly ever changes of them was read before, or is read when it is asked for. */
  noteBeats(beats: readonly SessionBeat[], atMs: number): void {
    const living = new Map(beats.map(beat => [beat.id, beat]))
    for (const { session, atMs: seenMs } of this.#sessions.all()) {
      const now = living.get(session._id)
      // It may have been opened while this look was on its way.
      if (now === undefined && seenMs < atMs) this.#sessions.delete(session._id)
      if (now === undefined) continue
      const { state, beat, busy, headRev } = now
      if (headRev !== session.headRev) this.#sessions.delete(session._id)
      else this.#sessions.set(session._id, { session: { ...session, state, beat, busy }, atMs })
    }
  }

  forgetSession(id: string): void {
    this.#sessions.delete(id)
  }

  /** Of the most urgent task that waited in these queues a moment ago. */
  urgency(queues: readonly string[], nowMs: number): number | undefined {
    const seen = this.#urgency
    if (seen === null || seen.queues !== keyOf(queues) || nowMs - seen.atMs > URGENCY_BELIEVED_MS) return undefined
    return seen.priority
  }

  noteUrgency(queues: readonly string[], priority: number, atMs: number): void {
    this.#urgency = { queues: keyOf(queues), priority, atMs }
  }

  /** Claims of what waits were lost to others a moment ago. */
  isContended(nowMs: number): boolean {
    return nowMs - this.#contendedMs <= CONTENTION_BELIEVED_MS
  }

  noteContention(nowMs: number): void {
    this.#contendedMs = nowMs
  }

  outlook(sessions: readonly string[], nowMs: number): Outlook | undefined {
    const seen = this.#outlook
    if (seen === null || seen.sessions !== keyOf(sessions) || nowMs - seen.atMs > URGENCY_BELIEVED_MS) return undefined
    return seen.outlook
  }

  noteOutlook(sessions: readonly string[], outlook: Outlook, atMs: number): void {
    this.#outlook = { sessions: keyOf(sessions), outlook, atMs }
  }

  /** Somebody follows these tasks (ids), so they have ended: whoever had them has a place more. */
  noteFollowed(ids: readonly string[]): void {
    for (const id of ids) this.#outlook?.outlook.passed.delete(id)
  }

  /** Something new waits. */
  forgetUrgency(): void {
    this.#urgency = null
    this.#outlook = null
  }
}

function isSmall({ out }: Pick<Producer, 'out'>): boolean {
  return out === null || out.inline !== null
}

function keyOf(queues: readonly string[]): string {
  return JSON.stringify(queues.toSorted())
}

/** The values that were set last; the oldest is forgotten first. */
class Recent<Value> {
  readonly #values = new Map<string, Value>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  set(key: string, value: Value): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    const [oldest] = this.#values.keys()
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest)
  }

  delete(key: string): void {
    this.#values.delete(key)
  }

  all(): Value[] {
    return [...this.#values.values()]
  }

  /** For once: what was used is not as it was any more. */
  take(key: string): Value | undefined {
    const value = this.#values.get(key)
    this.#values.delete(key)
    return value
  }
}

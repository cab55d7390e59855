/** What all operations of this adapter share, and the few ways in which they read and write. */
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Random } from '../../core/random.ts'
import type { Collection, Filter, GridFSBucket, OptionalUnlessRequiredId, UpdateFilter } from 'mongodb'
import type { Completion } from '../ledger.ts'
import type { Answers } from './answers.ts'
import type { Collections } from './collections.ts'
import type { AskedCompletion } from './complete.ts'
import type { SessionHeadDoc } from './documents.ts'
import { inGroups } from './in-parallel.ts'
import { Known } from './known.ts'
import { Lines } from './lines.ts'
import { isDuplicate, isUnsupported } from './mongo-errors.ts'
import {
  MAX_COMMAND_MS,
  MAX_COMPLETIONS_TOGETHER,
  MAX_COMPLETIONS_UNDER_WAY,
  MAX_DOCUMENTS_PER_WRITE,
  MAX_PUBLISHED_REMEMBERED,
} from './mongo-limits.ts'
import type { AskedRelease } from './release.ts'
import { StrikeOffs } from './strike-offs.ts'
import { Together } from './together.ts'

export interface MongoParts {
  collections: Collections
  bucket: GridFSBucket
  answers: Answers
  clock: Pick<Clock, 'wallMs' | 'monotonicMs' | 'sleep' | 'timer'>
  random: Random
  log: Log
}

/** Options of every command that the server is to give up in time. */
export const BOUNDED = { maxTimeMS: MAX_COMMAND_MS }

interface Document {
  _id: string
}

type SureLevel = 'linearizable' | 'majority'

export class MongoContext {
  readonly collections: Collections
  readonly bucket: GridFSBucket
  readonly answers: Answers
  readonly clock: MongoParts['clock']
  readonly random: Random
  /** Writers of this process to the same part of a store. */
  readonly lines = new Lines()
  readonly known = new Known()
  readonly strikeOffs: StrikeOffs
  readonly completions = new Together<AskedCompletion, Completion>({
    mostItems: MAX_COMPLETIONS_TOGETHER,
    mostGroups: MAX_COMPLETIONS_UNDER_WAY,
  })
  readonly releases = new Together<AskedRelease, boolean>({
    mostItems: MAX_COMPLETIONS_TOGETHER,
    mostGroups: MAX_COMPLETIONS_UNDER_WAY,
  })
  readonly #log: Log
  readonly #published = new Set<string>()
  #sureLevel: SureLevel = 'linearizable'

  constructor({ collections, bucket, answers, clock, random, log }: MongoParts) {
    this.collections = collections
    this.bucket = bucket
    this.answers = answers
    this.clock = clock
    this.random = random
    this.#log = log
    this.strikeOffs = new StrikeOffs(collections.tasks, clock)
  }

  now(): number {
    return this.clock.wallMs()
  }

  newToken(): string {
    return this.random.hex(16)
  }

  /** Whether a run is published: the others are half-submitted and must not be seen. Remembered, since it is for good. */
  async isPublished(run: string): Promise<boolean> {
    if (this.#published.has(run)) return true
    if (!(await this.exists(this.collections.runs, { _id: run, draft: false }))) return false
    if (this.#published.size >= MAX_PUBLISHED_REMEMBERED) this.#published.clear()
    this.#published.add(run)
    return true
  }

  /** A session that lives or lived a moment ago; otherwise as the primary has it now. */
  async session(id: string): Promise<SessionHeadDoc | null> {
    const atMs = this.clock.monotonicMs()
    const seen = this.known.session(id, atMs)
    if (seen !== undefined) return seen
    const session = await this.get(this.collections.sessions, id)
    if (session !== null) this.known.noteSession(session, atMs)
    return session
  }

  /** The same of several, by one command: those that are known. */
  async sessions(ids: readonly string[]): Promise<Map<string, SessionHeadDoc>> {
    const atMs = this.clock.monotonicMs()
    const found = new Map<string, SessionHeadDoc>()
    for (const id of ids) {
      const seen = this.known.session(id, atMs)
      if (seen !== undefined) found.set(id, seen)
    }
    const unknown = ids.filter(id => !found.has(id))
    for (const session of (await this.listByIds(this.collections.sessions, unknown)).values()) {
      this.known.noteSession(session, atMs)
      found.set(session._id, session)
    }
    return found
  }

  /** What the primary has now: good for decisions that a conditional write confirms. */
  get<D extends Document>(collection: Collection<D>, id: string): Promise<D | null> {
    return this.answers.ask(() => findById(collection, id, {}))
  }

  /**
   * A read that no deposed primary can answer and that shows nothing that may still be rolled back: for decisions that no conditional write
   * confirms (R9, R10). Inside of a step; {@link sure} is the whole step.
   */
  readSure<D extends Document>(collection: Collection<D>, id: string): Promise<D | null> {
    return this.#surely(readConcern => findById(collection, id, { readConcern }))
  }

  async #surely<T>(read: (readConcern: { level: SureLevel }) => Promise<T>): Promise<T> {
    try {
      return await read({ level: this.#sureLevel })
    } catch (error) {
      if (this.#sureLevel === 'majority' || !isUnsupported(error)) throw error
      this.#log.warn(
        'this MongoDB server refuses linearizable reads; majority reads are used instead, which a deposed primary may answer',
      )
      this.#sureLevel = 'majority'
      return this.#surely(read)
    }
  }

  sure<D extends Document>(collection: Collection<D>, id: string): Promise<D | null> {
    return this.answers.ask(() => this.readSure(collection, id))
  }

  /** As {@link list}, but as {@link readSure} reads. All in one answer, or it would not be sure of the rest. */
  listSurely<D extends Document>(collection: Collection<D>, filter: Filter<D>): Promise<D[]> {
    return this.answers.ask(() =>
      this.#surely(async readConcern => {
        const options = { ...BOUNDED, readConcern, batchSize: MAX_DOCUMENTS_PER_WRITE }
        return (await collection.find(filter, options).toArray()) as D[]
      }),
    )
  }

  /** Documents with these ids, by one command and as {@link readSure} reads each of them. Inside of a step. */
  async readAllSure<D extends Document>(collection: Collection<D>, ids: readonly string[]): Promise<D[]> {
    if (ids.length === 0) return []
    const filter = { _id: { $in: [...ids] } } as Filter<D>
    return this.#surely(async readConcern => {
      const options = { ...BOUNDED, readConcern, batchSize: ids.length + 1 }
      return (await collection.find(filter, options).toArray()) as D[]
    })
  }

  list<D extends Document>(
    collection: Collection<D>,
    filter: Filter<D>,
    options: {
      sort?: Record<string, 1 | -1>
      limit?: number
      projection?: Record<string, 0 | 1>
      batchSize?: number
    } = {},
  ): Promise<D[]> {
    return this.answers.ask(async () => (await collection.find(filter, { ...BOUNDED, ...options }).toArray()) as D[])
  }

  /** Documents with these ids, in no order. */
  async listByIds<D extends Document>(
    collection: Collection<D>,
    ids: Iterable<string>,
    projection?: Record<string, 0 | 1>,
  ): Promise<Map<string, D>> {
    const found = new Map<string, D>()
    for (const group of inGroups([...new Set(ids)], MAX_DOCUMENTS_PER_WRITE)) {
      // All in one answer.
      const options = { ...(projection === undefined ? {} : { projection }), batchSize: group.length + 1 }
      const docs = await this.list(collection, { _id: { $in: group } } as Filter<D>, options)
      for (const doc of docs) found.set(doc._id, doc)
    }
    return found
  }

  async exists<D extends Document>(collection: Collection<D>, filter: Filter<D>): Promise<boolean> {
    const options = { ...BOUNDED, projection: { _id: 1 } }
    return (await this.answers.ask(() => collection.findOne(filter, options))) !== null
  }

  /** The same, read as {@link readSure} does: for conclusions from "nothing" that are for good. */
  existsSurely<D extends Document>(collection: Collection<D>, filter: Filter<D>): Promise<boolean> {
    return this.answers.ask(() =>
      this.#surely(async readConcern => {
        const options = { ...BOUNDED, projection: { _id: 1 }, readConcern }
        return (await collection.findOne(filter, options)) !== null
      }),
    )
  }

  /** Whether these stages find anything, read as {@link readSure} does. */
  findsSurely<D extends Document>(collection: Collection<D>, stages: object[]): Promise<boolean> {
    return this.answers.ask(() =>
      this.#surely(async readConcern => {
        const one = [...stages, { $limit: 1 }, { $project: { _id: 1 } }]
        return (await collection.aggregate(one, { ...BOUNDED, readConcern }).toArray()).length > 0
      }),
    )
  }

  /** Whether this call's write met a document. After a repetition this is no proof of a loss: the first try may have been the winner. */
  async update<D extends Document>(
    collection: Collection<D>,
    filter: Filter<D>,
    update: UpdateFilter<D>,
    options: { upsert?: boolean } = {},
  ): Promise<boolean> {
    return this.answers.ask(async () => {
      const { matchedCount, upsertedCount } = await collection.updateOne(filter, update, { ...BOUNDED, ...options })
      return matchedCount + upsertedCount > 0
    })
  }

  /**
   * Many documents, each by itself. Not retried by the driver (R7), so the filter must exclude what is already done: then it may be repeated.
   * How many were changed by the last try.
   */
  updateAll<D extends Document>(
    collection: Collection<D>,
    filter: Filter<D>,
    update: UpdateFilter<D>,
  ): Promise<number> {
    return this.answers.ask(async () => (await collection.updateMany(filter, update, BOUNDED)).modifiedCount)
  }

  /** Documents that are there already stay as they are. */
  async insertMissing<D extends Document>(collection: Collection<D>, docs: readonly D[]): Promise<void> {
    for (const group of inGroups(docs, MAX_DOCUMENTS_PER_WRITE)) {
      await this.answers.ask(() => insertIgnoring(collection, group))
    }
  }

  /** False when a document with the same id or unique value is there; after a repetition that may be this one. */
  insert<D extends Document>(collection: Collection<D>, doc: NoInfer<D>): Promise<boolean> {
    return this.answers.ask(async () => {
      try {
        await collection.insertOne(doc as OptionalUnlessRequiredId<D>, BOUNDED)
        return true
      } catch (error) {
        if (isDuplicate(error)) return false
        throw error
      }
    })
  }

  async remove<D extends Document>(collection: Collection<D>, filter: Filter<D>): Promise<void> {
    await this.answers.ask(() => collection.deleteMany(filter, BOUNDED))
  }
}

async function findById<D extends Document>(collection: Collection<D>, id: string, options: object): Promise<D | null> {
  return (await collection.findOne({ _id: id } as Filter<D>, { ...BOUNDED, ...options })) as D | null
}

async function insertIgnoring<D extends Document>(collection: Collection<D>, docs: readonly D[]): Promise<void> {
  try {
    await collection.insertMany(docs as unknown as OptionalUnlessRequiredId<D>[], { ...BOUNDED, ordered: false })
  } catch (error) {
    if (!isDuplicate(error)) throw error
  }
}

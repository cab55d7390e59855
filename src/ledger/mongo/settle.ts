/**
 * Finishes what others began: every document says in `todo` what is still to come. What is seen for the first time is left to the one who
 * wrote it, who is usually about to do it; what is still there at the next call is done. No clock is compared.
 */
import type { Collection } from 'mongodb'
import { BOUNDED, type MongoContext } from './context.ts'
import type { Ended } from '../ledger.ts'
import type { DagDoc, RunDoc, TaskDoc } from './documents.ts'
import { discard, DraftSweep } from './drafts.ts'
import { carryOutStop, cleanRun, endRunIfDone, haltDag } from './ends.ts'
import { followUp } from './follow-up.ts'
import { inParallel } from './in-parallel.ts'
import { launchCopy, voidAbandoned } from './start-dag.ts'
import { launchRun } from './submit.ts'

/** In one of these collections. */
interface Undone {
  _id: string
  of: 'tasks' | 'dags' | 'runs'
  todo: string
}

interface Unfinished {
  key: string
  /** True when it is over; stops last as long as something of theirs still runs. */
  finish: () => Promise<boolean>
}

export class Settler {
  readonly #context: MongoContext
  readonly #drafts: DraftSweep
  #seen: ReadonlySet<string> = new Set()

  constructor(context: MongoContext) {
    this.#context = context
    this.#drafts = new DraftSweep(context)
  }

  /** What says that something is still to come, by one command. */
  async #look(limit: number): Promise<Undone[]> {
    const { answers, collections } = this.#context
    const of = (name: Undone['of'], todo: object) => [
      { $match: { todo } },
      { $limit: limit },
      { $project: { todo: 1, of: { $literal: name } } },
    ]
    const also = (name: Undone['of'], todo: object) => ({
      $unionWith: { coll: collections[name].collectionName, pipeline: of(name, todo) },
    })
    const stages = [
      ...of('tasks', { $exists: true }),
      also('dags', { $exists: true }),
      also('runs', { $in: ['clean', 'discard', 'launch', 'stop'] }),
    ]
    const options = { ...BOUNDED, batchSize: 3 * limit + 1 }
    return answers.ask(() => collections.tasks.aggregate<Undone>(stages, options).toArray())
  }

  /** What cannot be finished does not keep the rest from being finished; its error is thrown at the end. */
  async settle(limit: number, onEnded: (ended: Ended) => void = () => {}): Promise<number> {
    const { tasks, dags, runs } = this.#context.collections
    const [undone] = await Promise.all([this.#look(limit), this.#drafts.look()])
    const unfinished = undone.map(({ _id, of, todo }): Unfinished => {
      if (of === 'tasks') return this.#of(tasks, _id, todo, now => this.#finishTask(now, onEnded))
      if (of === 'dags') return this.#of(dags, _id, todo, now => this.#finishDag(now, onEnded))
      return this.#of(runs, _id, todo, now => this.#finishRun(now, onEnded))
    })
    const before = this.#seen
    this.#seen = new Set(unfinished.map(({ key }) => key))
    const failures: unknown[] = []
    const finished = await inParallel(
      unfinished.filter(({ key }) => before.has(key)),
      ({ finish }) =>
        finish().catch((error: unknown) => {
          failures.push(error)
          return false
        }),
    )
    if (failures.length > 0) throw failures[0]
    return finished.filter(Boolean).length
  }

  /** Looked at again surely before anything is done: what is rolled back has no consequences, and most is done by then. */
  #of<D extends { _id: string; todo?: string }>(
    collection: Collection<D>,
    _id: string,
    todo: string,
    finish: (now: D) => Promise<boolean>,
  ): Unfinished {
    return {
      key: `${_id} ${todo}`,
      finish: async () => {
        const now = await this.#context.sure(collection, _id)
        return now === null || now.todo !== todo ? false : finish(now)
      },
    }
  }

  async #finishTask(doc: TaskDoc, onEnded: (ended: Ended) => void): Promise<boolean> {
    const { dagEnded, runEnded } = await followUp(this.#context, doc)
    if (dagEnded !== null) onEnded({ run: doc.run, dagEnded, runEnded })
    return true
  }

  async #finishDag(doc: DagDoc, onEnded: (ended: Ended) => void): Promise<boolean> {
    if (doc.todo === 'prepare') await voidAbandoned(this.#context, doc)
    if (doc.todo === 'launch') await launchCopy(this.#context, doc)
    if (doc.todo !== 'stop' || doc.stop === null) return doc.todo === 'launch'
    await haltDag(this.#context, doc, doc.stop)
    await this.#endRun(doc.run, onEnded)
    return false
  }

  async #finishRun(run: RunDoc, onEnded: (ended: Ended) => void): Promise<boolean> {
    const { _id, todo } = run
    if (todo === 'discard') await discard(this.#context, _id)
    if (todo === 'launch') await launchRun(this.#context, run)
    if (todo === 'clean') await cleanRun(this.#context, _id)
    if (todo !== 'stop') return true
    await carryOutStop(this.#context, _id)
    await this.#endRun(_id, onEnded)
    return false
  }

  async #endRun(run: string, onEnded: (ended: Ended) => void): Promise<void> {
    const runEnded = await endRunIfDone(this.#context, run)
    if (runEnded !== null) onEnded({ run, dagEnded: null, runEnded })
  }
}

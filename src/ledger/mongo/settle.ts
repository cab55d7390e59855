/**
 * Finishes what others began: every document says in `todo` what is still to come. What is seen for the first time is left to the one who
 * wrote it, who is usually about to do it; what is still there at the next call is done. No clock is compared.
 */
import type { Collection } from 'mongodb'
import type { MongoContext } from './context.ts'
import type { DagDoc, RunDoc } from './documents.ts'
import { discard, DraftSweep } from './drafts.ts'
import { carryOutStop, cleanRun, endRunIfDone, haltDag } from './ends.ts'
import { followUp } from './follow-up.ts'
import { inParallel } from './in-parallel.ts'
import { launchCopy, voidAbandoned } from './start-dag.ts'
import { launchRun } from './submit.ts'

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

  /** What cannot be finished does not keep the rest from being finished; its error is thrown at the end. */
  async settle(limit: number): Promise<number> {
    const { tasks, dags, runs } = this.#context.collections
    const undone = { todo: { $exists: true } }
    const [ofTasks, ofDags, ofRuns] = await Promise.all([
      this.#context.list(tasks, undone, { limit }),
      this.#context.list(dags, undone, { limit }),
      this.#context.list(runs, { todo: { $in: ['clean', 'discard', 'launch', 'stop'] } }, { limit }),
      this.#drafts.look(),
    ])
    const unfinished = [
      ...ofTasks.map(doc => this.#of(tasks, doc, now => followUp(this.#context, now).then(() => true))),
      ...ofDags.map(doc => this.#of(dags, doc, now => this.#finishDag(now))),
      ...ofRuns.map(doc => this.#of(runs, doc, now => this.#finishRun(now))),
    ]
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
    { _id, todo }: D,
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

  async #finishDag(doc: DagDoc): Promise<boolean> {
    if (doc.todo === 'prepare') await voidAbandoned(this.#context, doc)
    if (doc.todo === 'launch') await launchCopy(this.#context, doc)
    if (doc.todo !== 'stop' || doc.stop === null) return doc.todo === 'launch'
    await haltDag(this.#context, doc, doc.stop)
    await endRunIfDone(this.#context, doc.run)
    return false
  }

  async #finishRun(run: RunDoc): Promise<boolean> {
    const { _id, todo } = run
    if (todo === 'discard') await discard(this.#context, _id)
    if (todo === 'launch') await launchRun(this.#context, run)
    if (todo === 'clean') await cleanRun(this.#context, _id)
    if (todo !== 'stop') return true
    await carryOutStop(this.#context, _id)
    await endRunIfDone(this.#context, _id)
    return false
  }
}

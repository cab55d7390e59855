/**
 * Finishes what others began: every document says in `todo` what is still to come. What is seen for the first time is left to the one who
 * wrote it, who is usually about to do it; what is still there at the next call is done. No clock is compared.
 */
import type { MongoContext } from './context.ts'
import type { DagDoc, RunDoc, TaskDoc } from './documents.ts'
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
  #seen: ReadonlySet<string> = new Set()

  constructor(context: MongoContext) {
    this.#context = context
  }

  async settle(limit: number): Promise<number> {
    const { tasks, dags, runs } = this.#context.collections
    const undone = { todo: { $exists: true } }
    const [ofTasks, ofDags, ofRuns] = await Promise.all([
      this.#context.list(tasks, undone, { limit }),
      this.#context.list(dags, undone, { limit }),
      this.#context.list(runs, { ...undone, draft: false }, { limit }),
    ])
    const unfinished = [
      ...ofTasks.map(doc => this.#ofTask(doc)),
      ...ofDags.map(doc => this.#ofDag(doc)),
      ...ofRuns.map(doc => this.#ofRun(doc)),
    ]
    const before = this.#seen
    this.#seen = new Set(unfinished.map(({ key }) => key))
    const finished = await inParallel(unfinished.filter(({ key }) => before.has(key)).slice(0, limit), ({ finish }) =>
      finish(),
    )
    return finished.filter(Boolean).length
  }

  #ofTask(doc: TaskDoc): Unfinished {
    return { key: `${doc._id} ${doc.todo}`, finish: () => followUp(this.#context, doc).then(() => true) }
  }

  #ofDag(doc: DagDoc): Unfinished {
    return { key: `${doc._id} ${doc.todo}`, finish: () => this.#finishDag(doc) }
  }

  async #finishDag(doc: DagDoc): Promise<boolean> {
    if (doc.todo === 'prepare') await voidAbandoned(this.#context, doc)
    if (doc.todo === 'launch') await launchCopy(this.#context, doc)
    if (doc.todo !== 'stop' || doc.stop === null) return doc.todo === 'launch'
    await haltDag(this.#context, doc, doc.stop)
    await endRunIfDone(this.#context, doc.run)
    return false
  }

  #ofRun(doc: RunDoc): Unfinished {
    return { key: `${doc._id} ${doc.todo}`, finish: () => this.#finishRun(doc) }
  }

  async #finishRun({ _id, todo }: RunDoc): Promise<boolean> {
    if (todo === 'launch') await launchRun(this.#context, _id)
    if (todo === 'clean') await cleanRun(this.#context, _id)
    if (todo !== 'stop') return true
    await carryOutStop(this.#context, _id)
    await endRunIfDone(this.#context, _id)
    return false
  }
}

/**
 * Submissions that broke off and were never repeated. Nobody sees anything of them, but their parts lie about: a peer that has seen the same
 * one for long enough, on its own clock, gives it up. A submitter that comes back later finds it given up and is told so; the run's
 * document stays, so that its id is never used for another one.
 */
import type { MongoContext } from './context.ts'
import { DRAFT_KEPT_MS, DRAFT_LOOK_MS, MAX_DRAFTS_PER_LOOK } from './mongo-limits.ts'
import { deleteStore } from './store.ts'
import { deleteBlobs } from './blobs.ts'

export class DraftSweep {
  readonly #context: MongoContext
  readonly #firstSeenMs = new Map<string, number>()
  #lookAtMs = Number.NEGATIVE_INFINITY

  constructor(context: MongoContext) {
    this.#context = context
  }

  async look(): Promise<void> {
    const { clock, collections } = this.#context
    const nowMs = clock.monotonicMs()
    if (nowMs < this.#lookAtMs) return
    const options = { limit: MAX_DRAFTS_PER_LOOK, projection: { _id: 1 } } as const
    const drafts = await this.#context.list(collections.runs, { todo: 'submit' }, options)
    this.#lookAtMs = nowMs + DRAFT_LOOK_MS
    const known = new Set(drafts.map(({ _id }) => _id))
    for (const id of this.#firstSeenMs.keys()) if (!known.has(id)) this.#firstSeenMs.delete(id)
    for (const id of known) {
      const firstSeenMs = this.#firstSeenMs.get(id) ?? nowMs
      this.#firstSeenMs.set(id, firstSeenMs)
      // On condition that it is a draft still: of publishing and giving up one wins. `settle` removes its parts.
      if (nowMs - firstSeenMs >= DRAFT_KEPT_MS) await giveUp(this.#context, id)
    }
  }
}

/** Whoever submits it finds it given up; not when it is published already. */
export async function giveUp(context: MongoContext, id: string): Promise<void> {
  await context.update(context.collections.runs, { _id: id, todo: 'submit' }, { $set: { todo: 'discard' } })
}

/** Removes the parts of a submission that was given up. */
export async function discard(context: MongoContext, run: string): Promise<void> {
  const { runs, blueprints, dags, tasks, edges } = context.collections
  await context.remove(tasks, { run })
  await context.remove(edges, { run })
  await context.remove(dags, { run })
  await deleteStore(context, run, 'data')
  await deleteStore(context, run, 'meta')
  await deleteBlobs(context, `blueprint/${run}/`)
  await context.remove(blueprints, { run })
  await context.update(runs, { _id: run, todo: 'discard' }, { $unset: { todo: '' } })
}

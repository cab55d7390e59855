/** Folders of attempts: `<run>/<dag>/<task>.<epoch>-<claim>`. A task makes its own when it needs it; it is removed when the attempt is over. */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { ClaimedTask } from '../ledger/ledger.ts'

interface Ended {
  folder: string
  over: PromiseWithResolvers<void>
}

export class ScratchFolders {
  readonly #root: string
  /** Attempts that ended in this turn of the event loop, by the folder of their DAG. */
  readonly #ended = new Map<string, Ended[]>()
  /** Of the DAG that was asked for last: its tasks come one after the other. */
  #last = { run: '', dag: '', folder: '' }

  constructor(root: string) {
    this.#root = root
  }

  folderOf(claimed: ClaimedTask): string {
    const { claim, task } = claimed
    const name = `${encodeURIComponent(task.name)}.${claim.epoch}-${claim.claimId.slice(0, 8)}`
    return `${this.#folderOfDag(claimed)}${sep}${name}`
  }

  /** Most tasks make none: what ended together is looked for with one call of the system. */
  remove(claimed: ClaimedTask): Promise<void> {
    const dag = this.#folderOfDag(claimed)
    const ended: Ended = { folder: this.folderOf(claimed), over: Promise.withResolvers() }
    if (this.#ended.size === 0) setImmediate(() => this.#removeAll())
    const others = this.#ended.get(dag)
    if (others === undefined) this.#ended.set(dag, [ended])
    else others.push(ended)
    return ended.over.promise
  }

  #removeAll(): void {
    const dags = Array.from(this.#ended)
    this.#ended.clear()
    for (const [dag, ended] of dags) {
      const isThere = existsSync(dag)
      for (const { folder, over } of ended) {
        // Looking costs much less than removing in vain.
        if (isThere && existsSync(folder)) rm(folder, { recursive: true, force: true }).then(over.resolve, over.reject)
        else over.resolve()
      }
    }
  }

  #folderOfDag({ task }: ClaimedTask): string {
    const { run, dag } = task
    if (run !== this.#last.run || dag !== this.#last.dag) {
      this.#last = { run, dag, folder: join(this.#root, encodeURIComponent(run), encodeURIComponent(dag)) }
    }
    return this.#last.folder
  }
}

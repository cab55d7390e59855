/**
 * Names under which files are made before they get their own: hidden, and with the task and the claim that makes them, so that what a dead
 * attempt left is found and removed by the next one, and an attempt that lost its claim never writes into the file of another.
 * A run that tries another one again has names of its own, and removes those of the runs before it.
 */
import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import type { Context } from '../../workflow/context.ts'
import { errnoOf } from './file-errors.ts'
import { below, folderOf, nameOf, type Path, shown } from './paths.ts'

const PART_PATTERN = /^\.lf-([0-9a-f]{12})-(\d+)-[0-9a-f]{12}\.part$/

export class PartFiles {
  readonly #tag: string
  readonly #epoch: number
  readonly #former: ReadonlySet<string>
  readonly #tidied = new Set<string>()

  /** `former`: the tags of this task in the runs that its own tries again. */
  constructor(context: Context, former: readonly string[] = []) {
    this.#tag = PartFiles.tagOf(context)
    this.#epoch = context.epoch
    this.#former = new Set(former.filter(tag => tag !== this.#tag))
  }

  /** The task in its run, wherever it runs. */
  static tagOf({ runId, dagName, taskName }: Context): string {
    return shortHash(`${runId}/${dagName}/${taskName}`)
  }

  /** In the folder of `target`, so that it can be renamed to it. Its length does not depend on the name's. */
  nameFor(target: Path): Path {
    return below(folderOf(target), `.lf-${this.#tag}-${this.#epoch}-${shortHash(nameOf(target))}.part`)
  }

  /** Removes what earlier attempts left in the folder of `target`, once for each folder. One that cannot be listed is left. */
  async tidyFor(target: Path): Promise<void> {
    const folder = folderOf(target)
    const isFirst = this.#epoch <= 1 && this.#former.size === 0
    if (isFirst || this.#tidied.has(shown(folder))) return
    this.#tidied.add(shown(folder))
    for (const name of await namesOrNone(folder)) {
      const [, tag = '', epoch] = PART_PATTERN.exec(name) ?? []
      const isOld = this.#former.has(tag) || (tag === this.#tag && Number(epoch) < this.#epoch)
      if (isOld) await rm(below(folder, name), { force: true })
    }
  }
}

async function namesOrNone(folder: Path): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes(errnoOf(error) ?? '')) return []
    throw error
  }
}

export function shortHash(text: Path): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

/**
 * Names under which files are made before they get their own: hidden, and with the task and the claim that makes them, so that what a dead
 * attempt left is found and removed by the next one, and an attempt that lost its claim never writes into the file of another.
 */
import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Context } from '../../workflow/context.ts'

const PART_PATTERN = /^\.lf-([0-9a-f]{12})-(\d+)-[0-9a-f]{12}\.part$/

export class PartFiles {
  /** The task, wherever it runs. */
  readonly tag: string
  readonly #epoch: number
  readonly #tidied = new Set<string>()

  constructor({ runId, dagName, taskName, epoch }: Context) {
    this.tag = shortHash(`${runId}/${dagName}/${taskName}`)
    this.#epoch = epoch
  }

  /** In the folder of `target`, so that it can be renamed to it. Its length does not depend on the name's. */
  async nameFor(target: string): Promise<string> {
    const folder = dirname(target)
    await this.#tidy(folder)
    return join(folder, `.lf-${this.tag}-${this.#epoch}-${shortHash(basename(target))}.part`)
  }

  async #tidy(folder: string): Promise<void> {
    if (this.#epoch <= 1 || this.#tidied.has(folder)) return
    this.#tidied.add(folder)
    for (const name of await readdir(folder)) {
      const [, tag, epoch] = PART_PATTERN.exec(name) ?? []
      if (tag === this.tag && Number(epoch) < this.#epoch) await rm(join(folder, name), { force: true })
    }
  }
}

export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

/** Bundles as files of this host, by hash, fetched from the ledger when a worker needs one that is not there yet. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LightflowError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import type { Ledger } from '../ledger/ledger.ts'

export class BundleFiles {
  readonly #folder: string
  readonly #random: Random
  readonly #known = new Map<string, Promise<string>>()

  constructor(folder: string, random: Random) {
    this.#folder = folder
    this.#random = random
  }

  /** Writes a bundle atomically; returns its path. */
  async keep(hash: string, code: Uint8Array): Promise<string> {
    const file = join(this.#folder, `${hash}.mjs`)
    const temporary = `${file}.${this.#random.hex(6)}.tmp`
    await mkdir(this.#folder, { recursive: true })
    await writeFile(temporary, code)
    await rename(temporary, file)
    return file
  }

  /** Path of the file with this bundle. Throws `LF_BUNDLE_MISSING`, `LF_BUNDLE_CORRUPT`. */
  fileOf(hash: string, ledger: Pick<Ledger, 'getBundle'>): Promise<string> {
    const known = this.#known.get(hash)
    if (known !== undefined) return known
    const found = this.#find(hash, ledger)
    this.#known.set(hash, found)
    found.catch(() => this.#known.delete(hash))
    return found
  }

  async #find(hash: string, ledger: Pick<Ledger, 'getBundle'>): Promise<string> {
    const file = join(this.#folder, `${hash}.mjs`)
    // After a power cut a file may be there without its content.
    if ((await hashOf(file)) === hash) return file
    const code = await ledger.getBundle(hash)
    if (code === undefined) {
      throw new LightflowError('LF_BUNDLE_MISSING', "The ledger does not have this run's code any more.", {
        hint: 'Submit the workflow again.',
        facts: { hash },
      })
    }
    if (createHash('sha256').update(code).digest('hex') !== hash) {
      throw new LightflowError('LF_BUNDLE_CORRUPT', "This run's code in the ledger is damaged.", {
        hint: 'Check the disk of the ledger, then submit the workflow again.',
        facts: { hash },
      })
    }
    return this.keep(hash, code)
  }
}

/** Undefined when the file is not there. */
async function hashOf(file: string): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex')
  } catch {
    return undefined
  }
}

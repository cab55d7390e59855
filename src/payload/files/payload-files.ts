/**
 * The payload folder of a host, `<folder>/<first two digits>/<hash>`, shared by all its peers: which payloads are in it, and what
 * becomes of files that are begun, spoilt or no longer needed. Knows names and times, never looks into the bytes.
 */
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import { isHash } from '../name-payload.ts'
import { PART_ABANDONED_MS } from '../payload-limits.ts'
import { makeFolder, partName, syncFile, syncFolder } from './write-atomically.ts'

export interface PayloadFilesOptions {
  /** Made when it is not there. */
  folder: string
  random: Random
  clock: Pick<Clock, 'wallMs'>
}

export class PayloadFiles {
  readonly folder: string
  readonly #options: PayloadFilesOptions

  constructor(options: PayloadFilesOptions) {
    this.folder = options.folder
    this.#options = options
  }

  /** Tells folders apart, whatever their paths: all peers that share this one name the same. Made when it is first asked for. */
  async id(): Promise<string> {
    const path = join(this.folder, 'id')
    const known = await readFile(path, 'utf8').catch(() => undefined)
    if (known !== undefined) return known
    await makeFolder(this.folder)
    const begun = partName(path, this.#options.random)
    try {
      await writeFile(begun, this.#options.random.hex(16))
      // Of several that do this at the same time one wins, and all read what is there.
      await link(begun, path).catch((error: unknown) => {
        if (!hasCode(error, 'EEXIST')) throw error
      })
    } finally {
      await rm(begun, { force: true })
    }
    return readFile(path, 'utf8')
  }

  /** `hash` must be one: see {@link isHash}. */
  pathOf(hash: string): string {
    return join(this.folder, hash.slice(0, 2), hash)
  }

  /** Size of the file with this name, or undefined. Says nothing about its bytes. */
  async sizeOf(hash: string): Promise<number | undefined> {
    if (!isHash(hash)) return undefined
    const found = await stat(this.pathOf(hash)).catch(() => undefined)
    return found?.isFile() === true ? found.size : undefined
  }

  /**
   * Marks the payload as needed now, so that it is not removed while somebody relies on having found it. False when it is not there
   * (any more): then it has to be put or pulled again.
   */
  async touch(hash: string): Promise<boolean> {
    const now = this.#options.clock.wallMs() / 1000
    return utimes(this.pathOf(hash), now, now).then(
      () => true,
      () => false,
    )
  }

  /** Path for a file that is to become this payload. */
  async newPart(hash: string): Promise<string> {
    const path = this.pathOf(hash)
    await makeFolder(dirname(path))
    return partName(path, this.#options.random)
  }

  /** Makes a whole and checked part the payload; its bytes reach the disk first when `durable`. */
  async adopt(part: string, hash: string, { durable }: { durable: boolean }): Promise<void> {
    const path = this.pathOf(hash)
    if (durable) await syncFile(part)
    await rename(part, path)
    if (durable) await syncFolder(dirname(path))
  }

  /** The payload survives a power cut from now on: what was pulled is not written through. */
  async secure(hash: string): Promise<void> {
    await syncFile(this.pathOf(hash))
    await syncFolder(dirname(this.pathOf(hash)))
  }

  /** A spoilt payload is put where nobody finds it by its hash, for people to look at; the newest of each is kept. */
  async setAside(hash: string): Promise<void> {
    const corrupt = join(this.folder, 'corrupt')
    await makeFolder(corrupt)
    await rename(this.pathOf(hash), join(corrupt, hash)).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error
    })
  }

  /** Removes what processes that are gone had begun. Returns how many. */
  async removeAbandonedParts(isRunning = isProcessRunning): Promise<number> {
    let removed = 0
    for await (const { path, name } of this.#entries()) {
      const pid = /\.(\d+)\.[0-9a-f]+\.part$/.exec(name)?.[1]
      if (pid === undefined || !(await this.#isAbandoned(path, Number(pid), isRunning))) continue
      await rm(path, { force: true })
      removed++
    }
    return removed
  }

  /** All payloads that were last put, pulled or looked for before this moment (wall clock). */
  async *olderThan(beforeMs: number): AsyncGenerator<string> {
    for await (const { path, name } of this.#entries()) {
      if (isHash(name) && (await changedMs(path)) < beforeMs) yield name
    }
  }

  /**
   * Removes a payload unless it was touched since `beforeMs`. It is taken out of sight first: a put that happens now either marks it
   * before (then it comes back) or does not find it (then it writes it anew).
   */
  async removeOld(hash: string, beforeMs: number): Promise<boolean> {
    const path = this.pathOf(hash)
    const gone = partName(path, this.#options.random)
    try {
      await rename(path, gone)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    }
    if ((await changedMs(gone)) < beforeMs) {
      await rm(gone, { force: true })
      return true
    }
    await rename(gone, path)
    return false
  }

  async *#entries(): AsyncGenerator<{ path: string; name: string }> {
    for (const folder of await names(this.folder)) {
      if (!/^[0-9a-f]{2}$/.test(folder)) continue
      for (const name of await names(join(this.folder, folder))) yield { path: join(this.folder, folder, name), name }
    }
  }

  /** A process number comes back (in a container it is the same after each start): then only age tells. */
  async #isAbandoned(path: string, pid: number, isRunning: (pid: number) => boolean): Promise<boolean> {
    const changed = await changedMs(path)
    const nowMs = this.#options.clock.wallMs()
    if (pid === process.pid) return changed < nowMs - process.uptime() * 1000
    return !isRunning(pid) || changed < nowMs - PART_ABANDONED_MS
  }
}

/** Infinity for a file that is not there: it is not old. */
async function changedMs(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.POSITIVE_INFINITY,
  )
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

function isProcessRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process runs, too.
    return !hasCode(error, 'ESRCH')
  }
}

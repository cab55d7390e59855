/**
 * What runs need of files beside payloads, `<folder>/runs/<run>/`: links to files of users that tasks of the run named here (`<id>.link`), and
 * which payloads are copies of such files of other hosts (`<hash>.copy`). It survives the peer, and is removed some time after the run.
 * The users' own files are read, and never changed or removed.
 */
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import { fileId, type NamedFile, readNamedFile } from '../../tasks/named-file.ts'
import { isHash } from '../name-payload.ts'
import { MAX_FILES_KNOWN } from '../payload-limits.ts'
import { notKept } from './not-kept.ts'
import { makeFolder, writeAtomically } from './write-atomically.ts'

export interface FileLink extends NamedFile {
  run: string
  /** SHA-256 of all its bytes; null while nobody has asked for it. */
  hash: string | null
}

export interface RunFilesOptions {
  /** That of the payloads. */
  folder: string
  random: Random
  clock: Pick<Clock, 'wallMs'>
}

export class RunFiles {
  readonly #options: RunFilesOptions
  /** Links by the hash that their files have: what may be asked for as a payload. Newest last. */
  readonly #byHash = new Map<string, FileLink>()
  /** Ids of links. Found out in the life of this peer; after it, the next reader finds it out again. */
  readonly #spoilt = new Set<string>()

  constructor(options: RunFilesOptions) {
    this.#options = options
  }

  /** Throws `LF_PAYLOAD_NOT_KEPT`. A link that is there already stays, with what is known of it. */
  async addLink(run: string, file: NamedFile): Promise<void> {
    if ((await this.find(run, fileId(run, file))) === undefined) await this.#write({ ...file, run, hash: null })
  }

  /** Undefined when this host knows no such link (any more). */
  async find(run: string, id: string): Promise<FileLink | undefined> {
    const path = this.#pathOf(run, `${id}.link`)
    try {
      const read = JSON.parse(await readFile(path, 'utf8')) as { hash?: unknown }
      const file = readNamedFile(read)
      if (file === undefined || fileId(run, file) !== id) return undefined
      return { ...file, run, hash: typeof read.hash === 'string' && isHash(read.hash) ? read.hash : null }
    } catch {
      return undefined
    }
  }

  /**
   * The file has this hash: from now on it can be asked for as a payload. Needed until long after now. Throws `LF_PAYLOAD_NOT_KEPT` when it
   * will be forgotten with this peer.
   */
  async offer(link: FileLink, hash: string): Promise<void> {
    this.#byHash.delete(hash)
    this.#byHash.set(hash, { ...link, hash })
    const [oldest] = this.#byHash.keys()
    if (this.#byHash.size > MAX_FILES_KNOWN && oldest !== undefined) this.#byHash.delete(oldest)
    if (link.hash !== hash) await this.#write({ ...link, hash })
    else await this.#touch(link)
  }

  /** The link by which a file was offered under this hash. */
  offered(hash: string): FileLink | undefined {
    return this.#byHash.get(hash)
  }

  /** The file has other bytes than when it was read, though its size and time are the same: it is not given any more. */
  spoil(hash: string): void {
    const link = this.#byHash.get(hash)
    if (link === undefined) return
    this.#byHash.delete(hash)
    this.#spoilt.add(fileId(link.run, link))
  }

  /** Of this link alone: a file that is made again may well have the bytes that the spoilt one should have. */
  isSpoilt(link: FileLink): boolean {
    return this.#spoilt.has(fileId(link.run, link))
  }

  /** This payload is a copy of a file that the run needs. Throws `LF_PAYLOAD_NOT_KEPT`. */
  async noteCopy(run: string, hash: string): Promise<void> {
    const path = this.#pathOf(run, `${hash}.copy`)
    try {
      await makeFolder(this.#folderOf(run))
      await writeFile(path, '', { flag: 'wx' })
    } catch (cause) {
      if (!hasCode(cause, 'EEXIST')) throw notKept(this.#options.folder, 0, cause)
    }
  }

  /** Of these payloads, the ones that are copies for a run that lives. */
  async copiesNeeded(hashes: ReadonlySet<string>, live: ReadonlySet<string>): Promise<Set<string>> {
    const needed = new Set<string>()
    for (const run of await this.#runs()) {
      if (!live.has(run)) continue
      for (const name of await names(this.#folderOf(run))) {
        const hash = name.replace(/\.copy$/, '')
        if (hash !== name && hashes.has(hash)) needed.add(hash)
      }
    }
    return needed
  }

  /** Forgets the runs that live no more and of which nothing was asked for since `beforeMs` (wall clock). Returns how many. */
  async forgetRuns(live: ReadonlySet<string>, beforeMs: number): Promise<number> {
    let forgotten = 0
    for (const run of await this.#runs()) {
      if (live.has(run) || (await this.#usedMs(run)) >= beforeMs) continue
      await rm(this.#folderOf(run), { recursive: true, force: true })
      forgotten++
    }
    return forgotten
  }

  /** Whether there is anything to forget, or to keep: nobody has to be asked about runs otherwise. */
  async isEmpty(): Promise<boolean> {
    return (await this.#runs()).length === 0
  }

  async #usedMs(run: string): Promise<number> {
    const folder = this.#folderOf(run)
    const paths = [folder, ...(await names(folder)).map(name => join(folder, name))]
    const times = await Promise.all(
      paths.map(path =>
        stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      ),
    )
    return Math.max(...times)
  }

  async #write({ run, ...link }: FileLink): Promise<void> {
    const { folder, random } = this.#options
    const text = new TextEncoder().encode(JSON.stringify(link))
    try {
      await makeFolder(this.#folderOf(run))
      await writeAtomically(this.#pathOf(run, `${fileId(run, link)}.link`), text, { random })
    } catch (cause) {
      throw notKept(folder, text.length, cause)
    }
  }

  async #touch(link: FileLink): Promise<void> {
    const now = this.#options.clock.wallMs() / 1000
    await utimes(this.#pathOf(link.run, `${fileId(link.run, link)}.link`), now, now).catch(() => {})
  }

  async #runs(): Promise<string[]> {
    return (await names(join(this.#options.folder, 'runs'))).flatMap(name => {
      try {
        return [decodeURIComponent(name)]
      } catch {
        // Not made here.
        return []
      }
    })
  }

  #folderOf(run: string): string {
    // A run's name comes from the wire: written as in an address it is one name, and never one of dots alone.
    return join(this.#options.folder, 'runs', encodeURIComponent(run).replaceAll('.', '%2E'))
  }

  #pathOf(run: string, name: string): string {
    return join(this.#folderOf(run), name)
  }
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

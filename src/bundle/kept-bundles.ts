/**
 * Bundles that need not be made again: who submits one run after the other would wait longer for these than for anything else. One is given
 * again only when each file that it was made of, and each that could change how these are read, is the same as before by all that its file
 * system tells of it. What cannot be proven is made anew.
 *
 * What a build looked at is known when it is done. So the stamps of all that, taken before a build, must be those after it: the first build of
 * a file tells what to look at, and the second one may be kept.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { WorkflowBundle } from './bundle-workflow.ts'

export interface MadeBundle {
  bundle: WorkflowBundle
  /** All files that its making read as code; null when it is not known which others could take their place. */
  sources: readonly string[] | null
}

/** Of the last workflows; larger bundles take long in other places. */
const MAX_KEPT = 8
const MAX_KEPT_BYTES = 256 * 1024
/** Of more, looking at all of them takes as long as bundling. */
const MAX_SOURCES = 100
/**
 * A file that was written a moment before it was read may have been written again afterwards, within the same tick of its file system's clock,
 * and would look the same. Long enough for coarse ticks, and for the clock of a file server that is behind by less than that.
 */
export const SETTLED_AFTER_MS = 60_000

/** Read by esbuild in every folder above a source: they change what it makes of it. */
const CONFIGS = ['package.json', 'tsconfig.json', 'jsconfig.json']

interface Stamp {
  /** `absent`, or all that changes when the file does. */
  text: string
  changedMs: number
}

/** By path. */
type Stamps = ReadonlyMap<string, Stamp>

interface Known {
  sources: readonly string[]
  /** Null when it could not be proven. */
  kept: { bundle: WorkflowBundle; stamps: Stamps } | null
}

export class KeptBundles {
  readonly #clock: Pick<Clock, 'wallMs'>
  /** By path of the workflow, longest unused first. */
  readonly #known = new Map<string, Known>()

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock
  }

  /** `file`: as the bundle's making would get it, in a folder without symbolic links. */
  async of(file: string, make: () => Promise<MadeBundle>): Promise<WorkflowBundle> {
    const known = this.#known.get(file)
    this.#known.delete(file)
    const before = stampsOf(file, known?.sources)
    if (known?.kept && isSame(known.kept.stamps, before)) {
      this.#known.set(file, known)
      return known.kept.bundle
    }
    const startedMs = this.#clock.wallMs()
    const { bundle, sources } = await make()
    if (sources === null || sources.length > MAX_SOURCES || bundle.code.byteLength > MAX_KEPT_BYTES) return bundle
    const stamps = stampsOf(file, sources)
    const isProven = isSame(stamps, before) && isSettled(stamps, startedMs) && isSelfContained(stamps)
    this.#known.set(file, { sources, kept: isProven ? { bundle, stamps } : null })
    const [oldest] = this.#known.keys()
    if (oldest !== undefined && this.#known.size > MAX_KEPT) this.#known.delete(oldest)
    return bundle
  }
}

/**
 * Of the sources, and of what would change how they are read. Null when something cannot be looked at, or leads elsewhere. Looks at some
 * dozens of places at once, and not in the threads for files: a third of a millisecond, instead of one.
 */
function stampsOf(file: string, others: readonly string[] = []): Stamps | null {
  const sources = new Set([file, ...others])
  const folders = new Set(Array.from(sources).flatMap(foldersAbove))
  const configs = Array.from(folders).flatMap(folder => CONFIGS.map(name => join(folder, name)))
  const stamps = new Map<string, Stamp>()
  try {
    for (const folder of folders) if (!lstatSync(folder).isDirectory()) return null
    for (const source of sources) stamps.set(source, stampOf(source))
    for (const config of configs) stamps.set(config, isThere(config) ? stampOf(config) : ABSENT)
  } catch {
    return null
  }
  return stamps
}

const ABSENT: Stamp = { text: 'absent', changedMs: Number.NEGATIVE_INFINITY }

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Throws unless it is a file, and no link to one. It is opened for this: a client of NFS asks its server then, and answers from memory else. */
function stampOf(path: string): Stamp {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(file, { bigint: true })
    if (!stat.isFile()) throw new Error(`${path} is no file`)
    const { dev, ino, mode, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = stat
    const text = [dev, ino, mode, size, mtimeNs, ctimeNs].join(' ')
    return { text, changedMs: Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs) }
  } finally {
    closeSync(file)
  }
}

function foldersAbove(path: string): string[] {
  const folders: string[] = []
  for (let [folder, last] = [dirname(path), path]; folder !== last; [folder, last] = [dirname(folder), folder]) {
    folders.push(folder)
  }
  return folders
}

function isSame(one: Stamps | null, other: Stamps | null): one is Stamps {
  if (one === null || one.size !== other?.size) return false
  return Array.from(one).every(([path, { text }]) => other.get(path)?.text === text)
}

function isSettled(stamps: Stamps, nowMs: number): boolean {
  return Array.from(stamps.values()).every(({ changedMs }) => changedMs < nowMs - SETTLED_AFTER_MS)
}

/**
 * Settings that extend others depend on files that are looked for in many places (a backslash could hide the word), and code that names a map
 * of its lines on that map.
 */
function isSelfContained(stamps: Stamps): boolean {
  try {
    return Array.from(stamps).every(([path, stamp]) => {
      const name = basename(path)
      if (stamp === ABSENT || name === 'package.json') return true
      const namesOthers = ['tsconfig.json', 'jsconfig.json'].includes(name) ? /extends|\\/ : /sourceMappingURL/
      return !namesOthers.test(readFileSync(path, 'utf8'))
    })
  } catch {
    return false
  }
}

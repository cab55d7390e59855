/**
 * Which files are complete, and in which order they are handed over. Pure: it is told what was seen, and when.
 *
 * A file is settled when two looks found the same, `settleMs` or more apart. Settled files come in order of their times, then of their names;
 * one that is settled waits for those before it in this order that are not, since a folder is not read in one moment: what came first may be
 * seen second. None waits for another longer than `holdMs`.
 */

export interface FoundFile {
  path: string
  mtimeNs: bigint
  size: bigint
}

export interface SettlingRules {
  settleMs: number
  holdMs: number
}

interface Seen {
  file: FoundFile
  /** Since then it looks as it does (monotonic). */
  sinceMs: number
  firstMs: number
  looks: number
}

export class Settling {
  readonly #rules: SettlingRules
  #seen = new Map<string, Seen>()
  #ready: FoundFile[] = []
  #taken = 0
  #unready: Seen[] = []
  #nextAtMs: number | null = null

  constructor(rules: SettlingRules) {
    this.#rules = rules
  }

  /** All files of one look that were not handed over yet: those that are missing are gone. */
  observe(files: readonly FoundFile[], nowMs: number): void {
    const seen = new Map<string, Seen>()
    for (const file of files) seen.set(file.path, next(this.#seen.get(file.path), file, nowMs))
    this.#seen = seen
    this.#sort(nowMs)
  }

  /** Files that are settled, with nothing before them that is not. */
  get ready(): number {
    return this.#ready.length - this.#taken
  }

  /** Known files that are not ready. */
  get unready(): number {
    return this.#unready.length
  }

  hasUnready(paths: ReadonlySet<string>): boolean {
    return this.#unready.some(({ file }) => paths.has(file.path))
  }

  /** How long until one of those that are not settled can be; null when there is none. */
  nextMs(nowMs: number): number | null {
    return this.#nextAtMs === null ? null : Math.max(0, this.#nextAtMs - nowMs)
  }

  /** The n-th of those that are ready, counted from 0. */
  at(index: number): FoundFile | undefined {
    return this.#ready[this.#taken + index]
  }

  /** The first of those that are ready was handed over. */
  drop(): void {
    const file = this.#ready[this.#taken]
    if (file === undefined) return
    this.#taken += 1
    this.#seen.delete(file.path)
  }

  /** A closer look found another state of a file (it begins anew), or none. */
  correct(path: string, now: FoundFile | null, nowMs: number): void {
    if (now === null) this.#seen.delete(path)
    else this.#seen.set(path, next(this.#seen.get(path), now, nowMs))
    this.#sort(nowMs)
  }

  #sort(nowMs: number): void {
    const { settleMs, holdMs } = this.#rules
    const ready: FoundFile[] = []
    const unready: Seen[] = []
    let isHeld = false
    let nextAtMs: number | null = null
    for (const seen of [...this.#seen.values()].sort((a, b) => inOrder(a.file, b.file))) {
      const isSettled = seen.looks >= 2 && nowMs - seen.sinceMs >= settleMs
      if (!isSettled) {
        if (nowMs - seen.firstMs < holdMs) isHeld = true
        nextAtMs = Math.min(nextAtMs ?? Number.POSITIVE_INFINITY, seen.sinceMs + settleMs)
      }
      if (isSettled && !isHeld) ready.push(seen.file)
      else unready.push(seen)
    }
    this.#ready = ready
    this.#taken = 0
    this.#unready = unready
    this.#nextAtMs = nextAtMs
  }
}

function next(before: Seen | undefined, file: FoundFile, nowMs: number): Seen {
  if (before === undefined) return { file, sinceMs: nowMs, firstMs: nowMs, looks: 1 }
  const isSame = before.file.mtimeNs === file.mtimeNs && before.file.size === file.size
  if (isSame) return { ...before, file, looks: before.looks + 1 }
  return { file, sinceMs: nowMs, firstMs: before.firstMs, looks: 1 }
}

/** By time, then by name, the same on every peer. */
function inOrder(a: FoundFile, b: FoundFile): number {
  if (a.mtimeNs !== b.mtimeNs) return a.mtimeNs < b.mtimeNs ? -1 : 1
  if (a.path === b.path) return 0
  return a.path < b.path ? -1 : 1
}

/** Looks which files are in a folder, as cheaply as a share with many old files allows. */
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { LightflowError } from '../../core/errors.ts'
import { errnoOf } from '../files/file-errors.ts'
import { depthOf, isLeftOut, matchesAny, namesHidden } from '../files/patterns.ts'
import { type TreeEntry, walkTree } from '../files/walk-tree.ts'
import type { FoundFile } from './settling.ts'

export interface FinderRules {
  task: string
  root: string
  /** As they are matched: see `effectivePatterns`. */
  patterns: readonly string[]
  exclude: readonly string[] | RegExp
  /** Old files are looked at again, in turn: somebody may write them anew. */
  looksAgain: boolean
  /** Empty files count. */
  allowEmpty: boolean
}

/** Of the old files, at each look. */
const MAX_OLD_PER_LOOK = 500
/** Questions to the file system at the same time. */
const STATS_AT_ONCE = 32
/** Beyond it the task fails with `LF_TRIGGER_FILES`: a look would take longer than it is worth. */
const MAX_FILES_PER_LOOK = 500_000

export class FileFinder {
  readonly #rules: FinderRules
  /** Handed over or left out: their names are known, and that is enough for most looks. */
  readonly #old = new Set<string>()
  #turn = 0

  constructor(rules: FinderRules) {
    this.#rules = rules
  }

  /** It need not be looked at soon again. */
  noteOld(path: string): void {
    this.#old.add(path)
  }

  /** All new files, and some of the old ones. Throws what the system says when a folder cannot be read. */
  async look(): Promise<FoundFile[]> {
    const { looksAgain } = this.#rules
    const fresh: string[] = []
    const old: string[] = []
    for await (const path of this.#paths()) {
      if (this.#old.has(path)) old.push(path)
      else fresh.push(path)
    }
    const again = looksAgain ? this.#inTurn(old) : []
    const found = await this.#stat([...fresh, ...again])
    for (const path of again) this.#old.delete(path)
    return found
  }

  /** As it is now, also for a network share that answers other questions from its memory; null when it is gone. */
  async lookClosely({ path }: FoundFile): Promise<FoundFile | null> {
    try {
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      try {
        const { mtimeNs, size } = await handle.stat({ bigint: true })
        return { path, mtimeNs, size }
      } finally {
        await handle.close()
      }
    } catch (error) {
      if (errnoOf(error) === 'EACCES') return statOf(path)
      if (isGone(error)) return null
      throw error
    }
  }

  async *#paths(): AsyncGenerator<string> {
    const { root, patterns, exclude } = this.#rules
    const isHiddenSought = namesHidden(patterns)
    const isExcluded = (entry: TreeEntry): boolean => {
      if (!isHiddenSought && entry.name.startsWith('.')) return true
      return exclude instanceof RegExp ? exclude.test(entry.relative) : isLeftOut(entry, exclude)
    }
    let count = 0
    const isSought = ({ kind, relative }: TreeEntry): boolean => kind === 'file' && matchesAny(relative, patterns)
    for await (const entry of walkTree(root, { maxDepth: depthOf(patterns), isExcluded, isSought })) {
      if (!isSought(entry)) continue
      count += 1
      if (count > MAX_FILES_PER_LOOK) throw tooMany(this.#rules)
      yield entry.path
    }
  }

  #inTurn(old: readonly string[]): string[] {
    if (old.length === 0) return []
    const from = this.#turn % old.length
    this.#turn = from + MAX_OLD_PER_LOOK >= old.length ? 0 : from + MAX_OLD_PER_LOOK
    return old.slice(from, from + MAX_OLD_PER_LOOK)
  }

  async #stat(paths: readonly string[]): Promise<FoundFile[]> {
    const found: FoundFile[] = []
    for (let from = 0; from < paths.length; from += STATS_AT_ONCE) {
      const some = await Promise.all(paths.slice(from, from + STATS_AT_ONCE).map(statOf))
      for (const file of some) if (file !== null && (this.#rules.allowEmpty || file.size > 0n)) found.push(file)
    }
    return found
  }
}

async function statOf(path: string): Promise<FoundFile | null> {
  try {
    const { mtimeNs, size } = await lstat(path, { bigint: true })
    return { path, mtimeNs, size }
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE'].includes(errnoOf(error) ?? '')
}

function tooMany({ task, root }: FinderRules): LightflowError {
  const message = `The task "${task}" watches "${root}", in which there are more than ${MAX_FILES_PER_LOOK} files.`
  return new LightflowError('LF_TRIGGER_FILES', message, {
    hint: 'Watch a folder of one experiment, or narrow the pattern.',
  })
}

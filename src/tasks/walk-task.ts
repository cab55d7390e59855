import { lstat } from 'node:fs/promises'
import type { TaskCall } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParametersOf } from '../workflow/task-parameters.ts'
import { aPath, boolean, listOf, maybePatterns } from './files/file-checks.ts'
import { errnoOf, fileError } from './files/file-errors.ts'
import { checkGoesOn, FileTask, needCallback } from './files/file-task.ts'
import { isLeftOut } from './files/patterns.ts'
import { type EntryKind, kindOf, walkTree } from './files/walk-tree.ts'

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface WalkParameters {
  /** Folder to go through. */
  path: string
  /** Also the folders below. Default false. */
  recursive: boolean
  /** Names or paths to leave out; a folder with all that is in it. Default null. */
  exclude: string | readonly string[] | null
}

/** A file, or whatever else is no folder. */
export interface WalkEntry {
  readonly path: string
  /** From the folder that is gone through. */
  readonly relative: string
  readonly name: string
  /** Links are not followed: size and times are their own. */
  readonly kind: Exclude<EntryKind, 'folder'>
  readonly bytes: number
  readonly modified: Date
}

export interface EntryCall extends TaskCall {
  readonly entry: WalkEntry
}

export type WalkTaskOptions = TaskOptions &
  Partial<ParametersOf<WalkParameters>> &
  Pick<ParametersOf<WalkParameters>, 'path'> & {
    /** Called for each file, one after the other, folder by folder in order of name. */
    callback: (call: EntryCall) => void | Promise<void>
  }

/**
 * Calls a function for each file of a folder. Links are told of and not followed; a folder that cannot be read fails the task.
 *
 * @example
 * const measure = new WalkTask('measure', {
 *   path: '/data/scan',
 *   recursive: true,
 *   callback: ({ entry, data }) => data.set('bytes', data.get('bytes', 0) + entry.bytes),
 * })
 */
export class WalkTask extends FileTask<WalkParameters> {
  override readonly kind = 'walk'
  readonly #callback: (call: EntryCall) => void | Promise<void>

  constructor(name: string, options: WalkTaskOptions) {
    super(name, options, {
      checks: { path: aPath, recursive: boolean, exclude: maybePatterns },
      defaults: { recursive: false, exclude: null },
      callbacks: ['callback'],
    })
    this.#callback = needCallback(
      this.name,
      options.callback,
      'It is called for each file: callback: ({ entry, data }) => { … }.',
    )
  }

  protected async work({ path: root, recursive, exclude }: WalkParameters, call: TaskCall): Promise<void> {
    const left = listOf(exclude)
    const maxDepth = recursive ? Number.POSITIVE_INFINITY : 1
    const walk = walkTree(root, { maxDepth, isExcluded: entry => isLeftOut(entry, left) })
    for (;;) {
      checkGoesOn(call)
      const entry = await this.#next(root, walk)
      if (entry === undefined) return
      if (entry !== null) await this.#callback({ ...call, entry })
    }
  }

  /** Undefined at the end, null for a folder and for what is gone meanwhile. What the callback throws never comes through here. */
  async #next(root: string, walk: ReturnType<typeof walkTree>): Promise<WalkEntry | null | undefined> {
    try {
      const { done, value } = await walk.next()
      if (done === true) return undefined
      if (value.kind === 'folder') return null
      const { path, relative, name } = value
      const found = await lstat(path)
      const kind = kindOf(found)
      return kind === 'folder' ? null : { path, relative, name, kind, bytes: found.size, modified: found.mtime }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' && (error as { path?: string }).path !== root) return null
      throw fileError(this.name, `go through "${root}"`, error)
    }
  }
}

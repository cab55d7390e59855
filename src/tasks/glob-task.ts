import { stat } from 'node:fs/promises'
import { LightflowError } from '../core/errors.ts'
import type { TaskCall, TaskReturn } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParametersOf } from '../workflow/task-parameters.ts'
import { aKey, boolean, listOf, maybePatterns, oneOf, somePaths, somePatterns } from './files/file-checks.ts'
import { errnoOf, fileError } from './files/file-errors.ts'
import { checkGoesOn, FileTask, readCallback } from './files/file-task.ts'
import { depthOf, effectivePatterns, isLeftOut, matchesAny, namesHidden } from './files/patterns.ts'
import { type TreeEntry, walkTree } from './files/walk-tree.ts'

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface GlobParameters {
  /** Folders to look in. */
  paths: string | readonly string[]
  /** What to look for, below each of them: `*.tif`, `scan_??/*.cbf`, `**` for any number of folders. Default `*`. */
  pattern: string | readonly string[]
  /** Names or paths to leave out; a folder with all that is in it. Default null. */
  exclude: string | readonly string[] | null
  /** Looks for the pattern in every folder below, too. Default false. */
  recursive: boolean
  /** What counts: `file` (default; also a link to one), `folder`, or `any`. */
  type: 'file' | 'folder' | 'any'
  /** Absolute paths (default), or paths from the folder that was looked in. */
  absolute: boolean
  /** Without a callback: where in the data the list is put. Default `files`. */
  outKey: string
}

export interface FilesCall extends TaskCall {
  /** In order of the paths, then of their names. */
  readonly files: readonly string[]
}

export type GlobTaskOptions = TaskOptions &
  Partial<ParametersOf<GlobParameters>> &
  Pick<ParametersOf<GlobParameters>, 'paths'> & {
    /** Called once with all files; may return an Action. Without it the list is put into the data. */
    callback?: ((call: FilesCall) => TaskReturn) | null
  }

/** More do not go into a task's data in good health: the task then fails with `LF_FILE_COUNT`. */
const MAX_FILES = 1_000_000

/**
 * Finds files by a pattern. Links to folders are not followed; a folder that does not exist or cannot be read fails the task.
 *
 * @example
 * const frames = new GlobTask('frames', { paths: data => data.get('folder'), pattern: '*.{tif,cbf}', recursive: true })
 * const measure = new FunctionTask('measure', ({ data }) => { for (const path of data.get('files')) … })
 */
export class GlobTask extends FileTask<GlobParameters> {
  override readonly kind = 'glob'
  readonly #callback: ((call: FilesCall) => TaskReturn) | null

  constructor(name: string, options: GlobTaskOptions) {
    super(name, options, {
      checks: {
        paths: somePaths,
        pattern: somePatterns,
        exclude: maybePatterns,
        recursive: boolean,
        type: oneOf('file', 'folder', 'any'),
        absolute: boolean,
        outKey: aKey,
      },
      defaults: { pattern: '*', exclude: null, recursive: false, type: 'file', absolute: true, outKey: 'files' },
      callbacks: ['callback'],
    })
    this.#callback = readCallback(this.name, 'callback', options.callback)
  }

  protected async work(values: GlobParameters, call: TaskCall): Promise<Awaited<TaskReturn>> {
    const files: string[] = []
    for (const root of listOf(values.paths)) await this.#find(root, values, call, files)
    if (this.#callback !== null) return this.#callback({ ...call, files })
    call.data.set(values.outKey, files)
  }

  async #find(root: string, values: GlobParameters, call: TaskCall, files: string[]): Promise<void> {
    const { type, absolute } = values
    const exclude = listOf(values.exclude)
    const patterns = effectivePatterns(listOf(values.pattern), values.recursive)
    const isHiddenSought = namesHidden(patterns)
    const isExcluded = (entry: TreeEntry): boolean =>
      isLeftOut(entry, exclude) || (!isHiddenSought && entry.name.startsWith('.'))
    const isSought = (entry: TreeEntry): boolean => matchesAny(entry.relative, patterns)
    try {
      for await (const entry of walkTree(root, { maxDepth: depthOf(patterns), isExcluded, isSought })) {
        checkGoesOn(call)
        if (!isSought(entry) || !(await isOfType(entry, type))) continue
        if (files.length >= MAX_FILES) throw tooMany(this.name)
        files.push(absolute ? entry.path : entry.relative)
      }
    } catch (error) {
      throw fileError(this.name, `list "${root}"`, error)
    }
  }
}

async function isOfType({ path, kind }: TreeEntry, type: GlobParameters['type']): Promise<boolean> {
  if (type === 'any') return true
  if (type === 'folder' || kind !== 'link') return kind === type
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    // A link to nothing is no file.
    if (['ENOENT', 'ELOOP'].includes(errnoOf(error) ?? '')) return false
    throw error
  }
}

function tooMany(task: string): LightflowError {
  return new LightflowError('LF_FILE_COUNT', `The task "${task}" found more than ${MAX_FILES} files.`, {
    hint: 'Narrow its pattern, or go through them one by one with a WalkTask.',
  })
}

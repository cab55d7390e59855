import { chmod, lstat, realpath } from 'node:fs/promises'
import type { TaskCall } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParameterCheck, ParametersOf } from '../workflow/task-parameters.ts'
import { changeTree } from './files/change-tree.ts'
import { boolean, listOf, somePaths } from './files/file-checks.ts'
import { errnoOf, fileError } from './files/file-errors.ts'
import { checkGoesOn, FileTask } from './files/file-task.ts'

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface ChmodParameters {
  paths: string | readonly string[]
  /** Octal, as text: `'750'`. */
  permission: string
  /** Also all that is below folders. Default true. */
  recursive: boolean
  /** Changes folders only. Default false. */
  onlyDirs: boolean
}

export type ChmodTaskOptions = TaskOptions &
  Partial<ParametersOf<ChmodParameters>> &
  Pick<ParametersOf<ChmodParameters>, 'paths' | 'permission'>

/** A number is refused: 750 is not 0o750. */
const octal: ParameterCheck = [
  "an octal text like '750'",
  value => typeof value === 'string' && /^(?:0o)?[0-7]{3,4}$/.test(value),
]
/** What the owner needs to go through a folder. */
const OWNER_READS = 0o500

/**
 * Changes permissions. Links below a folder are left as they are, and what they lead to; what cannot be changed fails the task.
 *
 * @example
 * new ChmodTask('protect', { paths: '/data/scan/raw', permission: '550' })
 */
export class ChmodTask extends FileTask<ChmodParameters> {
  override readonly kind = 'chmod'

  constructor(name: string, options: ChmodTaskOptions) {
    super(name, options, {
      checks: { paths: somePaths, permission: octal, recursive: boolean, onlyDirs: boolean },
      defaults: { recursive: true, onlyDirs: false },
    })
  }

  protected async work(values: ChmodParameters, call: TaskCall): Promise<void> {
    for (const path of listOf(values.paths)) {
      try {
        await this.#change(path, values, call)
      } catch (error) {
        throw fileError(this.name, `change the permissions of "${path}"`, error)
      }
    }
  }

  async #change(path: string, { permission, recursive, onlyDirs }: ChmodParameters, call: TaskCall): Promise<void> {
    const mode = Number.parseInt(permission.replace('0o', ''), 8)
    // A folder that is closed cannot be gone through any more: it comes after what is in it.
    const foldersLast = (mode & OWNER_READS) !== OWNER_READS
    const root = await realpath(path)
    try {
      await changeTree(root, {
        recursive,
        onlyDirs,
        foldersLast,
        change: async entry => {
          checkGoesOn(call)
          if (entry.kind !== 'link') await chmod(entry.path, mode)
        },
      })
    } catch (error) {
      if (foldersLast && errnoOf(error) === 'EACCES' && (await isClosed(error, mode))) return
      throw error
    }
  }
}

/** An earlier attempt came to its end here: a folder gets its mode last. */
async function isClosed(error: unknown, mode: number): Promise<boolean> {
  const { path, syscall } = error as { path?: string; syscall?: string }
  if (path === undefined || syscall !== 'scandir') return false
  return ((await lstat(path)).mode & 0o7777) === mode
}

import { realpath } from 'node:fs/promises'
import type { TaskCall, TaskTools } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParameterCheck, ParametersOf } from '../workflow/task-parameters.ts'
import { type ChangeOptions, changeTree, OWNER_GOES_THROUGH } from './files/change-tree.ts'
import { Denied } from './files/denied.ts'
import { boolean, listOf, somePaths } from './files/file-checks.ts'
import { fileError } from './files/file-errors.ts'
import { checkStays, FileTask } from './files/file-task.ts'
import { chmodNoLink } from './files/held-folder.ts'
import { pathOf } from './files/paths.ts'

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

/**
 * Changes permissions. Links below a folder are left as they are, and what they lead to. What is denied fails the task, after the rest is done.
 * Permissions that close a folder are given to it last; one that is closed already is opened for its owner meanwhile.
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

  protected async work(values: ChmodParameters, call: TaskCall, log: TaskTools): Promise<void> {
    const denied = new Denied(this.name, 'change the permissions of', log)
    for (const path of listOf(values.paths)) {
      try {
        await change(path, values, { checkGoesOn: () => checkStays(call), onDenied: denied.note })
      } catch (error) {
        throw fileError(this.name, `change the permissions of "${path}"`, error)
      }
    }
    denied.check()
  }
}

async function change(
  path: string,
  { permission, recursive, onlyDirs }: ChmodParameters,
  how: Pick<ChangeOptions, 'checkGoesOn' | 'onDenied'>,
): Promise<void> {
  const mode = Number.parseInt(permission.replace('0o', ''), 8)
  // A folder that is closed cannot be gone through any more: it comes after what is in it.
  const foldersLast = (mode & OWNER_GOES_THROUGH) !== OWNER_GOES_THROUGH
  const root = pathOf(await realpath(path, { encoding: 'buffer' }))
  await changeTree(root, { ...how, recursive, onlyDirs, foldersLast, change: at => chmodNoLink(at, mode) })
}

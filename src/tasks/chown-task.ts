import { lchown } from 'node:fs/promises'
import { LightflowError } from '../core/errors.ts'
import type { TaskCall, TaskTools } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParameterCheck, ParametersOf } from '../workflow/task-parameters.ts'
import { findAccount } from './bash/accounts.ts'
import { changeTree } from './files/change-tree.ts'
import { boolean, listOf, somePaths } from './files/file-checks.ts'
import { Denied } from './files/denied.ts'
import { fileError } from './files/file-errors.ts'
import { checkStays, FileTask } from './files/file-task.ts'

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface ChownParameters {
  paths: string | readonly string[]
  /** Name or number; null (default) leaves it as it is. One of both is needed. */
  user: string | number | null
  group: string | number | null
  /** Also all that is below folders. Default true. */
  recursive: boolean
  /** Changes folders only. Default false. */
  onlyDirs: boolean
}

export type ChownTaskOptions = TaskOptions &
  Partial<ParametersOf<ChownParameters>> &
  Pick<ParametersOf<ChownParameters>, 'paths'>

const account: ParameterCheck = [
  'a name or a number',
  value =>
    value === null ||
    (typeof value === 'string' && value !== '') ||
    (Number.isSafeInteger(value) && Number(value) >= 0),
]

/** For the system: leave it as it is. */
const UNCHANGED = -1

/**
 * Changes user and group. Links are changed themselves, never followed. What is denied fails the task, after the rest is done.
 * Only a peer that runs as root may give files to another user; a group must be one of the peer's own.
 *
 * @example
 * new ChownTask('hand over', { paths: data => data.get('folder'), user: 'saxs', group: 'experiments' })
 */
export class ChownTask extends FileTask<ChownParameters> {
  override readonly kind = 'chown'

  constructor(name: string, options: ChownTaskOptions) {
    super(name, options, {
      checks: { paths: somePaths, user: account, group: account, recursive: boolean, onlyDirs: boolean },
      defaults: { user: null, group: null, recursive: true, onlyDirs: false },
    })
    if ((options.user ?? null) === null && (options.group ?? null) === null)
      throw needsOne(this.name, 'LF_TASK_OPTIONS')
  }

  protected async work(values: ChownParameters, call: TaskCall, log: TaskTools): Promise<void> {
    const { paths, user, group, recursive, onlyDirs } = values
    if (user === null && group === null) throw needsOne(this.name, 'LF_TASK_PARAMETER')
    const uid = user === null ? UNCHANGED : await this.#find('user', user)
    const gid = group === null ? UNCHANGED : await this.#find('group', group)
    const denied = new Denied(this.name, 'give to another user or group', log)
    for (const path of listOf(paths)) {
      try {
        await changeTree(path, {
          recursive,
          onlyDirs,
          change: at => lchown(at, uid, gid),
          checkGoesOn: () => checkStays(call),
          onDenied: denied.note,
        })
      } catch (error) {
        throw fileError(this.name, `give "${path}" to another user or group`, error)
      }
    }
    denied.check()
  }

  async #find(kind: 'user' | 'group', given: string | number): Promise<number> {
    const id = await findAccount(kind, given)
    if (id !== null) return id
    const message = `The task "${this.name}" knows no ${kind} "${given}" on this peer's host.`
    throw new LightflowError('LF_FILE_ACCOUNT', message, {
      hint: `See what \`getent ${kind === 'user' ? 'passwd' : 'group'} ${given}\` says on the hosts that serve its queue.`,
    })
  }
}

function needsOne(task: string, code: string): LightflowError {
  return new LightflowError(code, `The task "${task}" needs a user or a group.`, {
    hint: "Name the one that the files are to have: user: 'saxs', or group: 'experiments', or both.",
  })
}

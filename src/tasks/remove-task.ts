import { sep } from 'node:path'
import { LightflowError } from '../core/errors.ts'
import type { TaskCall, TaskTools } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParametersOf } from '../workflow/task-parameters.ts'
import { listOf, somePaths } from './files/file-checks.ts'
import { fileError } from './files/file-errors.ts'
import { checkStays, FileTask } from './files/file-task.ts'
import { withoutEndingSlash } from './files/find-targets.ts'
import { removeTree } from './files/remove-tree.ts'

/** A function `(data, store) => value` may stand in its place. */
export interface RemoveParameters {
  /** Files, links (never what they lead to), and folders with all that is in them. */
  paths: string | readonly string[]
}

export type RemoveTaskOptions = TaskOptions & ParametersOf<RemoveParameters>

/**
 * Removes files and folders. What is gone already is fine; what cannot be removed fails the task. Links are removed, not followed.
 *
 * @example
 * new RemoveTask('tidy', { paths: data => data.get('scratch') })
 */
export class RemoveTask extends FileTask<RemoveParameters> {
  override readonly kind = 'remove'

  constructor(name: string, options: RemoveTaskOptions) {
    super(name, options, { checks: { paths: somePaths } })
  }

  protected async work({ paths }: RemoveParameters, call: TaskCall, log: TaskTools): Promise<void> {
    const list = listOf(paths).map(withoutEndingSlash)
    if (list.includes(sep)) throw refused(this.name)
    for (const path of list) {
      try {
        const isThere = await removeTree(path, () => checkStays(call))
        log.output('stdout', isThere ? `removed ${path}` : `${path} was gone already`)
      } catch (error) {
        throw fileError(this.name, `remove "${path}"`, error)
      }
    }
  }
}

function refused(task: string): LightflowError {
  return new LightflowError('LF_FILE_ROOT', `The task "${task}" was told to remove "/", the whole file system.`, {
    hint: 'A function for its paths often gives "/" when what it reads there is empty.',
  })
}

import { mkdir } from 'node:fs/promises'
import type { TaskCall, TaskTools } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParametersOf } from '../workflow/task-parameters.ts'
import { listOf, somePaths } from './files/file-checks.ts'
import { fileError } from './files/file-errors.ts'
import { FileTask } from './files/file-task.ts'

/** A function `(data, store) => value` may stand in its place. */
export interface MakeDirParameters {
  /** Folders; those above them are made too. */
  paths: string | readonly string[]
}

export type MakeDirTaskOptions = TaskOptions & ParametersOf<MakeDirParameters>

/**
 * Makes folders. Those that exist stay as they are; a file in their place fails the task.
 *
 * @example
 * new MakeDirTask('folders', { paths: data => [`${data.get('experiment')}/raw`, `${data.get('experiment')}/analysis`] })
 */
export class MakeDirTask extends FileTask<MakeDirParameters> {
  override readonly kind = 'make-dir'

  constructor(name: string, options: MakeDirTaskOptions) {
    super(name, options, { checks: { paths: somePaths } })
  }

  protected async work({ paths }: MakeDirParameters, _call: TaskCall, log: TaskTools): Promise<void> {
    for (const path of listOf(paths)) {
      try {
        const made = await mkdir(path, { recursive: true })
        log.output('stdout', made === undefined ? `${path} was there already` : `made ${path}`)
      } catch (error) {
        throw fileError(this.name, `make the folder "${path}"`, error)
      }
    }
  }
}

import type { TaskCall, TaskTools } from '../workflow/task-call.ts'
import type { TaskOptions } from '../workflow/task-options.ts'
import type { ParametersOf } from '../workflow/task-parameters.ts'
import { begin } from './files/begin.ts'
import type { OnExisting } from './files/copy-file.ts'
import { aPath, listOf, oneOf, somePaths } from './files/file-checks.ts'
import { fileError } from './files/file-errors.ts'
import { lstatOrNull } from './files/file-system.ts'
import { checkStays, FileTask } from './files/file-task.ts'
import { checkSource, type Pair } from './files/find-targets.ts'
import { moveTree } from './files/move-tree.ts'

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface MoveParameters {
  /** Files, or folders with all that is in them. */
  sources: string | readonly string[]
  /** A folder that exists, into which they go under their own names; or, for a single source, the path that it gets. */
  destination: string
  /** What happens to a file that has the name already: `replace` (default), or `refuse`, unless it has the same bytes. */
  existing: OnExisting
}

export type MoveTaskOptions = TaskOptions &
  Partial<ParametersOf<MoveParameters>> &
  Pick<ParametersOf<MoveParameters>, 'sources' | 'destination'>

/**
 * Moves files and folders; folders that exist are merged. Within a file system it renames. To another one, each file is copied as by a
 * CopyTask and compared before it is removed, so that it is whole in one of both places whatever happens.
 *
 * Repeated after the death of its peer, it goes on with what is left: what it found at its beginning and is now at the destination counts
 * as moved.
 *
 * @example
 * new MoveTask('collect', { sources: data => data.get('files'), destination: '/data/scan/raw' })
 */
export class MoveTask extends FileTask<MoveParameters> {
  override readonly kind = 'move'

  constructor(name: string, options: MoveTaskOptions) {
    super(name, options, {
      checks: { sources: somePaths, destination: aPath, existing: oneOf('replace', 'refuse') },
      defaults: { existing: 'replace' },
    })
  }

  protected async work(
    { sources, destination, existing }: MoveParameters,
    call: TaskCall,
    log: TaskTools,
  ): Promise<void> {
    const wanted = { task: this.name, doing: 'move', sources: listOf(sources), destination } as const
    const { pairs, parts, wasBegun } = await begin(wanted, call, log)
    const tools = { task: this.name, existing, parts, checkGoesOn: () => checkStays(call) }
    for (const pair of pairs) {
      const { source, target } = pair
      if (wasBegun && (await this.#isDone(pair))) continue
      try {
        await moveTree(source, target, tools)
      } catch (error) {
        throw fileError(this.name, `move "${source}" to "${target}"`, error)
      }
      log.output('stdout', `moved ${source} to ${target}`)
    }
  }

  /** All sources were there once, as an earlier attempt noted: those that are gone, it has moved. */
  async #isDone({ source, target }: Pair): Promise<boolean> {
    if ((await lstatOrNull(source)) !== null) return false
    if ((await lstatOrNull(target)) !== null) return true
    await checkSource(this.name, 'move', source)
    return false
  }
}

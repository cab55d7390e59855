import type { TaskCall, TaskTools } from '../workflow/task-call.ts'
import { begin } from './files/begin.ts'
import { listOf } from './files/file-checks.ts'
import { fileError } from './files/file-errors.ts'
import { lstatOrNull } from './files/file-system.ts'
import { checkStays, FileTask } from './files/file-task.ts'
import { checkSource, type Pair } from './files/find-targets.ts'
import { moveTree } from './files/move-tree.ts'
import { TRANSFER_RULES, type TransferParameters, type TransferTaskOptions } from './files/transfer.ts'

export type MoveTaskOptions = TransferTaskOptions

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
export class MoveTask extends FileTask<TransferParameters> {
  override readonly kind = 'move'

  constructor(name: string, options: MoveTaskOptions) {
    super(name, options, TRANSFER_RULES)
  }

  protected async work(
    { sources, destination, existing }: TransferParameters,
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

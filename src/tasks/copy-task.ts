import { realpath } from 'node:fs/promises'
import type { TaskCall, TaskTools } from '../workflow/task-call.ts'
import { begin } from './files/begin.ts'
import { copyTree } from './files/copy-tree.ts'
import { listOf } from './files/file-checks.ts'
import { fileError } from './files/file-errors.ts'
import { checkStays, FileTask } from './files/file-task.ts'
import { pathOf } from './files/paths.ts'
import { TRANSFER_RULES, type TransferParameters, type TransferTaskOptions } from './files/transfer.ts'

export type CopyTaskOptions = TransferTaskOptions

/**
 * Copies files and folders. Each file is written under a hidden name, brought to disk, read again and compared, and only then renamed, so
 * that what bears its name is whole. Modes and times go with it; folders that exist are merged; links are copied as links.
 * Repeated, it goes on where it was broken off: what `destination` means was decided at its beginning.
 *
 * @example
 * new CopyTask('backup', { sources: data => data.get('files'), destination: '/backup/scan' })
 */
export class CopyTask extends FileTask<TransferParameters> {
  override readonly kind = 'copy'

  constructor(name: string, options: CopyTaskOptions) {
    super(name, options, TRANSFER_RULES)
  }

  protected async work(
    { sources, destination, existing }: TransferParameters,
    call: TaskCall,
    log: TaskTools,
  ): Promise<void> {
    const wanted = { task: this.name, doing: 'copy', sources: listOf(sources), destination } as const
    const { pairs, parts } = await begin(wanted, call, log)
    const tools = { task: this.name, existing, parts, checkGoesOn: () => checkStays(call) }
    for (const { source, target } of pairs) {
      try {
        // A source that is itself a link was named on purpose: what it leads to is copied.
        await copyTree(pathOf(await realpath(source, { encoding: 'buffer' })), target, tools)
      } catch (error) {
        throw fileError(this.name, `copy "${source}" to "${target}"`, error)
      }
      log.output('stdout', `copied ${source} to ${target}`)
    }
  }
}

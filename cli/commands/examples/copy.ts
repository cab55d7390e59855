import { Args, Flags } from '@oclif/core'
import type { CopyExamplesOptions, ExampleCopyView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { canAsk } from '../../confirm.ts'
import { errorReport, UsageError } from '../../error-report.ts'

export default class ExamplesCopy extends BaseCommand<typeof ExamplesCopy> {
  static override summary = 'Copy examples into a folder, to run and to change.'
  static override description =
    'All of them, or those that are named. The folder is made when it is missing. Files that are there with other contents are overwritten only when you say so.'
  static override usage = '<%= command.id %> DIR [NAME...] [--force]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> workflows',
    { command: '<%= config.bin %> <%= command.id %> workflows branching sub-dag', description: 'Two of them.' },
  ]
  static override strict = false
  static override args = {
    folder: Args.string({
      name: 'dir',
      description: 'Folder to copy to. Names of examples may follow.',
      required: true,
    }),
  }
  static override flags = { force: Flags.boolean({ char: 'f', summary: 'Overwrite without asking.' }) }

  async run(): Promise<ExampleCopyView> {
    const [folder = '', ...names] = this.words
    const flag = names.find(name => name.startsWith('-'))
    if (flag !== undefined) throw new UsageError(`There is no flag ${flag}.`, 'Names of examples: lf examples list')
    const copied = await this.#copy(folder, { names, force: this.flags.force })
    const { examples } = copied
    this.log(copied.folder)
    this.note(`${examples.length} ${examples.length === 1 ? 'example' : 'examples'} copied. Try one with:`)
    this.note(`lf workflow start ${folder.replace(/\/+$/, '')}/${shown(copied)} --wait`)
    return copied
  }

  async #copy(folder: string, options: CopyExamplesOptions): Promise<ExampleCopyView> {
    const { copyExamples } = await import('../../../src/index.ts')
    try {
      return await copyExamples(folder, options)
    } catch (error) {
      const { code, message } = errorReport(error, '')
      if (code !== 'LF_EXAMPLES_EXIST' || this.jsonEnabled() || !canAsk()) throw error
      this.note(message)
      await this.confirmed('Overwrite them?')
      return copyExamples(folder, { ...options, force: true })
    }
  }
}

/** The simplest one that is there. */
function shown({ files, examples }: ExampleCopyView): string {
  const name = examples.includes('simple') ? 'simple' : (examples[0] ?? '')
  return files.find(file => file === `${name}.ts` || file.endsWith(`/${name}.ts`)) ?? `${name}.ts`
}

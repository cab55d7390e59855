import type { ExampleView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { table } from '../../render/table.ts'
import { harmless } from '../../render/text.ts'

export default class ExamplesList extends BaseCommand<typeof ExamplesList> {
  static override summary = 'List the examples that come with Lightflow.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<{ examples: ExampleView[] }> {
    const { listExamples } = await import('../../../src/index.ts')
    const examples = await listExamples()
    const surface = this.surface()
    const rows = examples.map(({ name, description }) => [harmless(name), harmless(description)])
    this.log(table([{ title: 'EXAMPLE' }, { title: '', shrinkTo: 20 }], rows, surface).join('\n'))
    this.log(`\n  ${surface.palette.dim('Copy them to begin with: lf examples copy workflows')}`)
    return { examples }
  }
}

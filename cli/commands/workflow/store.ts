import { Args } from '@oclif/core'
import type { StoredView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'

export default class WorkflowStore extends BaseCommand<typeof WorkflowStore> {
  static override summary = "Show what is in a run's store."
  static override description =
    'Paths are dotted; a prefix shows all that is below it. The data of a run that has succeeded is gone, unless it was started with --keep-data. Large arrays are shortened; --json has everything.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> data-store-7kf3q2d filenames',
    {
      description: 'A single value.',
      command: '<%= config.bin %> <%= command.id %> data-store-7kf3q2d scan.number --json | jq .value',
    },
  ]
  static override args = {
    run: Args.string({ description: 'Run id.', required: true }),
    path: Args.string({ description: 'Where it is, such as scan.number.', required: true }),
  }

  async run(): Promise<StoredView> {
    const [{ describeValue }, { plainData }] = await Promise.all([
      import('../../render/result-view.ts'),
      import('../../render/plain-data.ts'),
    ])
    const client = await this.client()
    const stored = await client.stored(this.args.run, this.args.path)
    if (stored.value !== undefined) this.log(describeValue(stored.value, this.surface()))
    else this.logToStderr(nothing(stored))
    return { ...stored, value: plainData(stored.value) }
  }
}

function nothing({ path, isDropped }: StoredView): string {
  const there = `Nothing is in the store at ${path}.`
  return isDropped ? `${there} The run has ended; start it with --keep-data to keep what it stores.` : there
}

import { Args } from '@oclif/core'
import type { ResultView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'

export default class WorkflowResult extends BaseCommand<typeof WorkflowResult> {
  static override summary = 'Show what tasks returned.'
  static override description =
    'Without a task: the last tasks of the DAGs that the workflow started with. Large arrays are shortened; --json has everything.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d',
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d identify:17/peaks --json',
  ]
  static override args = {
    run: Args.string({ description: 'Run id.', required: true }),
    task: Args.string({ description: 'Task: its name, DAG/TASK or DAG:N/TASK.' }),
  }

  async run(): Promise<ResultView | { results: ResultView[] }> {
    const [{ resultBlocks }, { plainData }] = await Promise.all([
      import('../../render/result-view.ts'),
      import('../../render/plain-data.ts'),
    ])
    const client = await this.client()
    const results = await client.results(this.args.run, this.args.task)
    this.log(resultBlocks(results, this.surface()))
    const plain = results.map(result => ({ ...result, data: plainData(result.data) as ResultView['data'] }))
    const [only] = plain
    return this.args.task !== undefined && only !== undefined && plain.length === 1 ? only : { results: plain }
  }
}

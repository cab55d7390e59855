import type { StopView } from '../../../src/index.ts'
import { Args } from '@oclif/core'
import { BaseCommand } from '../../base-command.ts'
import { UsageError } from '../../error-report.ts'

export default class WorkflowStop extends BaseCommand<typeof WorkflowStop> {
  static override summary = 'Stop runs: nothing new starts, running tasks are told.'
  static override description =
    'When one of the runs does not exist, none is stopped. A run that has ended stays as it is.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d',
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d simple-2bqd9xh',
  ]
  static override strict = false
  static override args = { run: Args.string({ description: 'Run id; more may follow.', required: true }) }

  async run(): Promise<{ runs: StopView[] }> {
    const runs = [...new Set(this.words)]
    const flag = runs.find(word => word.startsWith('-'))
    if (flag !== undefined)
      throw new UsageError(`There is no flag ${flag}.`, 'Give run ids, as `lf workflow status` lists them.')
    const client = await this.client()
    for (const run of runs) await client.run(run)
    const views: StopView[] = []
    for (const run of runs) {
      const view = await client.stop(run)
      views.push(view)
      this.log(view.stopped ? `${view.run} is stopping` : `${view.run} had ended before: ${view.state}`)
    }
    return { runs: views }
  }
}

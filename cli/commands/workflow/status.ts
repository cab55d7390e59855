import { Args, Flags } from '@oclif/core'
import type { RunView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'

export default class WorkflowStatus extends BaseCommand<typeof WorkflowStatus> {
  static override summary = 'Show how far runs are.'
  static override description =
    'Without a run: the newest runs, one a line. With one: its progress and what went wrong.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d',
    {
      description: 'Is it done yet?',
      command: '<%= config.bin %> <%= command.id %> phasid-7kf3q2d --json | jq -r .state',
    },
  ]
  static override args = { run: Args.string({ description: 'Run id.' }) }
  static override flags = {
    limit: Flags.integer({ summary: 'Show at most so many runs.', default: 20, min: 1, max: 10_000, helpValue: 'N' }),
  }

  async run(): Promise<RunView | { runs: RunView[] }> {
    const { runSummary, runTable } = await import('../../render/run-view.ts')
    const client = await this.client()
    if (this.args.run === undefined) {
      const runs = await client.runs(this.flags.limit)
      this.log(runTable(runs, this.surface()))
      return { runs }
    }
    const run = await client.run(this.args.run)
    this.log(runSummary(run, this.surface()))
    return run
  }
}

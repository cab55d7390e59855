import { Args, Flags } from '@oclif/core'
import type { RunDetailsView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'

const WATCH_EVERY_MS = 500

export default class WorkflowShow extends BaseCommand<typeof WorkflowShow> {
  static override summary = "Draw a run's DAGs: states, peers, times, errors."
  static override description =
    'Every task is drawn below the one that it waits for. Many copies of one DAG are folded into one tree with counts; --all draws each.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d',
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d --watch',
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d --json',
  ]
  static override args = { run: Args.string({ description: 'Run id.', required: true }) }
  static override flags = {
    watch: Flags.boolean({ char: 'w', summary: 'Draw again until the run has ended.', exclusive: ['json'] }),
    all: Flags.boolean({ char: 'a', summary: 'Draw every copy of a DAG.' }),
  }

  async run(): Promise<RunDetailsView | undefined> {
    const { runDetails } = await import('../../render/run-view.ts')
    const client = await this.client()
    const { all } = this.flags
    if (!this.flags.watch) {
      const run = await client.show(this.args.run)
      this.log(runDetails(run, this.surface(), { all }))
      return run
    }
    await this.watch(async () => {
      const run = await client.show(this.args.run)
      return { text: runDetails(run, this.surface(), { all }), last: run.state !== 'running' }
    }, WATCH_EVERY_MS)
    return undefined
  }
}

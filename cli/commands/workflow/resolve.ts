import { Args, Flags } from '@oclif/core'
import type { ResolveView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { UsageError } from '../../error-report.ts'

export default class WorkflowResolve extends BaseCommand<typeof WorkflowResolve> {
  static override summary = 'Decide about a lost task: run it again, or give it up.'
  static override description = `A task with effect "exclusive" whose peer died is lost: nobody knows how far it came, and it must not run twice by itself.
Find out what it did (the motor, the file, the detector), then decide.`
  static override examples = [
    {
      command: '<%= config.bin %> <%= command.id %> scan-7kf3q2d move --run-again',
      description: 'It had no effect, or may be repeated.',
    },
    {
      command: '<%= config.bin %> <%= command.id %> scan-7kf3q2d main:1/move --give-up',
      description: 'The run fails.',
    },
  ]
  static override args = {
    run: Args.string({ description: 'Run id.', required: true }),
    task: Args.string({ description: 'Task: name, DAG/name or DAG:n/name.', required: true }),
  }
  static override flags = {
    'run-again': Flags.boolean({ summary: 'Start it from its beginning.', exclusive: ['give-up'] }),
    'give-up': Flags.boolean({ summary: 'It failed, and with it the run.', exclusive: ['run-again'] }),
  }

  async run(): Promise<ResolveView> {
    const { 'run-again': again, 'give-up': giveUp } = this.flags
    if (!again && !giveUp) {
      throw new UsageError('The decision is missing.', 'Say --run-again or --give-up.')
    }
    const client = await this.client()
    const view = await client.resolve(this.args.run, this.args.task, again ? 'run-again' : 'give-up')
    this.log(again ? `${view.task} is ${view.state} and runs again` : `${view.task} is given up`)
    return view
  }
}

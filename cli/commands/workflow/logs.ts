import { once } from 'node:events'
import { Args } from '@oclif/core'
import { BaseCommand } from '../../base-command.ts'

export default class WorkflowLogs extends BaseCommand<typeof WorkflowLogs> {
  static override summary = 'Print what tasks wrote.'
  static override description =
    'In the order of their attempts. With one task its lines come as they are, else each names its task. With --json: one JSON object a line.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d',
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d identify:17/peaks',
  ]
  static override args = {
    run: Args.string({ description: 'Run id.', required: true }),
    task: Args.string({ description: 'Task: its name, DAG/TASK or DAG:N/TASK.' }),
  }

  async run(): Promise<void> {
    const { logText } = await import('../../render/log-lines.ts')
    const client = await this.client()
    const surface = this.surface()
    const named = this.args.task === undefined
    for await (const line of client.logs(this.args.run, this.args.task)) {
      const text = this.jsonEnabled() ? JSON.stringify(line) : logText(line, surface, { named })
      // A slow reader slows the ledger down, not this process's memory up.
      if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
    }
  }
}

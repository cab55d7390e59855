import { once } from 'node:events'
import { Args, Flags } from '@oclif/core'
import type { LogLine } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import type { StopSignals } from '../../stop-signals.ts'

export default class WorkflowLogs extends BaseCommand<typeof WorkflowLogs> {
  static override summary = 'Print what tasks wrote.'
  static override description = `In the order of their attempts. With one task its lines come as they are, else each names its task. With --json: one JSON object a line.
Output is kept on the host where a task ran; this command prints that of this host, and says on which others there is more.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d',
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d identify:17/peaks',
    {
      command: '<%= config.bin %> <%= command.id %> -f phasid-7kf3q2d',
      description: 'Follow it until the run has ended.',
    },
  ]
  static override args = {
    run: Args.string({ description: 'Run id.', required: true }),
    task: Args.string({ description: 'Task: its name, DAG/TASK or DAG:N/TASK.' }),
  }
  static override flags = {
    follow: Flags.boolean({
      char: 'f',
      summary: 'Go on with what is written from now on, until the run has ended or Ctrl-C.',
    }),
  }

  async run(): Promise<void> {
    if (!this.flags.follow) {
      const lines = await this.#print()
      const hosts = await this.#tellOtherHosts()
      if (lines === 0 && hosts === 0) this.note('Nothing was written so far.')
      return
    }
    const { StopSignals, exitCodeOf } = await import('../../stop-signals.ts')
    const signals = new StopSignals()
    try {
      await this.#print(signals)
      await this.#tellOtherHosts()
      if (signals.firstReceived !== undefined) this.exit(exitCodeOf(signals.firstReceived))
    } finally {
      signals.close()
    }
  }

  /** Resolves to the number of lines. */
  async #print(signals?: StopSignals): Promise<number> {
    const { logText } = await import('../../render/log-lines.ts')
    const surface = this.surface()
    const named = this.args.task === undefined
    let count = 0
    for await (const line of await this.#lines(signals)) {
      const text = this.jsonEnabled() ? JSON.stringify(line) : logText(line, surface, { named })
      // A slow reader slows the ledger down, not this process's memory up.
      if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
      count += 1
    }
    return count
  }

  async #lines(signals?: StopSignals): Promise<AsyncIterable<LogLine>> {
    const client = await this.client()
    const { run, task } = this.args
    return signals === undefined
      ? client.logs(run, task)
      : client.logs(run, task, { follow: true, signal: signals.first })
  }

  /** Resolves to their number. */
  async #tellOtherHosts(): Promise<number> {
    const client = await this.client()
    const hosts = await client.logsElsewhere(this.args.run, this.args.task)
    if (hosts.length > 0)
      this.note(`Tasks of this run also wrote on ${hosts.join(', ')}: run this command there to see it.`)
    return hosts.length
  }
}

import { Args, Flags } from '@oclif/core'
import type { RetryView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { startRemarks } from '../../follow-start.ts'
import { harmless } from '../../render/text.ts'

const MAX_NAMED = 6

export default class WorkflowRetry extends BaseCommand<typeof WorkflowRetry> {
  static override summary = 'Run again what did not succeed in a run, and print the id of the new run.'
  static override description = `For runs that failed, were aborted or were stopped. A new run takes over what the old one had finished (tasks with their results, DAGs, its store) and runs the rest; the old one stays as it ended.
Tasks that failed half-way begin anew: what they had written to the store is still there.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d --wait',
    {
      description: 'With the corrected code; its DAGs must have the same tasks and edges.',
      command: '<%= config.bin %> <%= command.id %> phasid-7kf3q2d --with ./workflows/phasid.ts',
    },
  ]
  static override args = { run: Args.string({ description: 'Run id.', required: true }) }
  static override flags = {
    wait: Flags.boolean({ char: 'w', summary: 'Wait until the run has ended and show its progress.' }),
    with: Flags.string({
      summary: 'Name or file of the corrected workflow. Default: the code that the old run had.',
      helpValue: 'NAME|FILE',
    }),
    workflows: Flags.string({
      summary:
        'Folder with workflows; may be given several times. Default: LF_WORKFLOWS, else ./workflows and ./examples.',
      helpValue: 'DIR',
      multiple: true,
      multipleNonGreedy: true,
    }),
  }

  async run(): Promise<RetryView> {
    const { with: workflow, wait } = this.flags
    const client = await this.client()
    const started = await client.retry(this.args.run, workflow === undefined ? {} : { workflow })
    this.log(started.run)
    this.note(whatIsReused(started))
    for (const remark of startRemarks(started)) this.note(remark)
    return wait ? this.follow(started) : started
  }
}

function whatIsReused({ reused, again, retryOf }: RetryView): string {
  const taken = `${reused} ${reused === 1 ? 'task is' : 'tasks are'} taken over from ${retryOf}`
  if (again.length === 0) return `${taken}; nothing was left to run.`
  const named = again.slice(0, MAX_NAMED).map(harmless).join(', ')
  const more = again.length > MAX_NAMED ? ` and ${again.length - MAX_NAMED} more` : ''
  return `${taken}; ${again.length} ${again.length === 1 ? 'runs' : 'run'}: ${named}${more}.`
}

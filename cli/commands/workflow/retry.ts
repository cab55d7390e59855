import { Args, Flags } from '@oclif/core'
import type { RetryOptions, RetryView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { canAsk } from '../../confirm.ts'
import { startRemarks } from '../../follow-start.ts'
import { harmless } from '../../render/text.ts'

const MAX_NAMED = 6

export default class WorkflowRetry extends BaseCommand<typeof WorkflowRetry> {
  static override summary = 'Run again what did not succeed in a run, and print the id of the new run.'
  static override description = `For runs that failed, were aborted or were stopped. A new run takes over what the old one had finished (tasks with their results, DAGs, its store) and runs the rest; the old one stays as it ended.
Tasks that failed half-way begin anew: what they had written to the store is still there. So do tasks that ended while the run was being stopped already, since they may have done a part only; an exclusive one that is done stays done.
Before an exclusive task runs again that was begun, it asks. Of the retries of a run one runs at a time.`
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
    yes: Flags.boolean({ char: 'y', summary: 'Run exclusive tasks again that were begun before; do not ask.' }),
    again: Flags.boolean({ summary: 'Also when another retry of the run has succeeded.' }),
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
    const { with: workflow, wait, again, yes } = this.flags
    const options = { ...(workflow === undefined ? {} : { workflow }), ...(again ? { again } : {}) }
    const started = await this.#retry(yes ? { ...options, exclusiveAgain: true } : options)
    this.log(started.run)
    this.note(whatIsReused(started))
    if (started.remade.length > 0) this.note(`${whatIsRemade(started)}.`)
    for (const remark of startRemarks(started)) this.note(remark)
    return wait ? this.follow(started) : started
  }

  /** Asks before an exclusive task runs twice, where somebody can be asked. */
  async #retry(options: RetryOptions): Promise<RetryView> {
    const client = await this.client()
    try {
      return await client.retry(this.args.run, options)
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string }
      if (code !== 'LF_RETRY_EXCLUSIVE' || this.jsonEnabled() || !canAsk()) throw error
      this.note(harmless(message))
      await this.confirmed('Run it all the same?')
      return client.retry(this.args.run, { ...options, exclusiveAgain: true })
    }
  }
}

function whatIsReused({ reused, again, retryOf }: RetryView): string {
  const taken = `${reused} ${reused === 1 ? 'task is' : 'tasks are'} taken over from ${retryOf}`
  if (again.length === 0) return `${taken}; nothing was left to run.`
  return `${taken}; ${again.length} ${again.length === 1 ? 'runs' : 'run'}: ${listOf(again)}.`
}

function whatIsRemade({ remade }: RetryView): string {
  return `What ${listOf(remade)} returned is not kept any more: ${remade.length === 1 ? 'it runs' : 'they run'} again when it is needed`
}

function listOf(tasks: readonly string[]): string {
  const more = tasks.length > MAX_NAMED ? ` and ${tasks.length - MAX_NAMED} more` : ''
  return `${tasks.slice(0, MAX_NAMED).map(harmless).join(', ')}${more}`
}

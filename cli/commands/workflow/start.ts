import { Args, Flags } from '@oclif/core'
import type { StartView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { UsageError } from '../../error-report.ts'
import { startRemarks } from '../../follow-start.ts'

export default class WorkflowStart extends BaseCommand<typeof WorkflowStart> {
  static override summary = 'Start a workflow and print the id of its run.'
  static override description =
    'The run is recorded in the ledger and goes on without this command; peers take its tasks as they have room. Nothing is started when an option is wrong or missing.'
  static override usage = '<%= command.id %> NAME|FILE [KEY=VALUE...]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> phasid folder=/data/saxs',
    {
      description: 'Wait for the end; the exit code is 1 when the run did not succeed.',
      command: '<%= config.bin %> <%= command.id %> ./workflows/phasid.ts folder=/data/saxs --wait',
    },
    {
      description: 'Use the id in a script.',
      command: 'RUN=$(<%= config.bin %> <%= command.id %> phasid folder=/data/saxs)',
    },
  ]
  static override strict = false
  static override args = {
    workflow: Args.string({
      name: 'workflow',
      description: 'Name of a workflow or its file. KEY=VALUE options follow.',
      required: true,
    }),
  }
  static override flags = {
    wait: Flags.boolean({ char: 'w', summary: 'Wait until the run has ended and show its progress.' }),
    queue: Flags.string({ char: 'q', summary: 'Queue for all its tasks that name none.', helpValue: 'NAME' }),
    priority: Flags.integer({ summary: 'Tasks of runs with a higher priority are taken first.', helpValue: 'N' }),
    'keep-data': Flags.boolean({ char: 'k', summary: "Keep the run's data when it has ended." }),
    workflows: Flags.string({
      summary:
        'Folder with workflows; may be given several times. Default: LF_WORKFLOWS, else ./workflows and ./examples.',
      helpValue: 'DIR',
      multiple: true,
      multipleNonGreedy: true,
    }),
  }

  async run(): Promise<StartView> {
    const { queue, priority, wait } = this.flags
    const [workflow = '', ...typed] = this.words
    const args = optionsOf(typed)
    const client = await this.client()
    const started = await client.start(workflow, { args, queue, priority, keepData: this.flags['keep-data'] })
    this.log(started.run)
    for (const remark of startRemarks(started)) this.note(remark)
    return wait ? this.follow(started) : started
  }
}

/** `key=value` texts; values stay texts, the workflow's options convert them. */
function optionsOf(typed: readonly string[]): Record<string, string> {
  const options: Record<string, string> = {}
  for (const word of typed) {
    const at = word.indexOf('=')
    if (word.startsWith('-')) {
      throw new UsageError(
        `There is no flag ${word}.`,
        'Options of the workflow are given as KEY=VALUE, without dashes.',
      )
    }
    if (at === -1 && /^[\w.-]+$/.test(word)) {
      throw new UsageError(
        `"${word}" has no value, or belongs to one with blanks.`,
        `Give options as KEY=VALUE: ${word}=VALUE. Put values with blanks in quotes: title="my sample".`,
      )
    }
    if (at <= 0) {
      throw new UsageError(
        `"${word}" is no option.`,
        'Give options as KEY=VALUE, and put values with blanks in quotes: title="my sample".',
      )
    }
    const key = word.slice(0, at)
    if (Object.hasOwn(options, key)) throw new UsageError(`The option ${key} is given twice.`, 'Give each option once.')
    options[key] = word.slice(at + 1)
  }
  return options
}

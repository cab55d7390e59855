import { Args, Flags } from '@oclif/core'
import type { Client, RunView, StopView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { canAsk } from '../../confirm.ts'
import { UsageError } from '../../error-report.ts'

/** More runs are not stopped by one command that does not name them. */
const MAX_STOPPED_AT_ONCE = 1000
const MAX_LISTED = 20

export default class WorkflowStop extends BaseCommand<typeof WorkflowStop> {
  static override summary = 'Stop runs: nothing new starts, running tasks are told.'
  static override description = `Give run ids, or names of workflows for all their running runs; without any, all running runs are stopped. It asks first unless every run is named by its id.
When one of them does not exist, none is stopped. A run that has ended stays as it is.`
  static override usage = '<%= command.id %> [RUN|WORKFLOW...] [--yes]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> phasid-7kf3q2d',
    { command: '<%= config.bin %> <%= command.id %> phasid', description: 'All running runs of one workflow.' },
    { command: '<%= config.bin %> <%= command.id %> --yes', description: 'All that run, in a script.' },
  ]
  static override strict = false
  static override args = { run: Args.string({ description: 'Run id, or name of a workflow; more may follow.' }) }
  static override flags = { yes: Flags.boolean({ char: 'y', summary: 'Do not ask.' }) }

  async run(): Promise<{ runs: StopView[] }> {
    const words = [...new Set(this.words)]
    const flag = words.find(word => word.startsWith('-'))
    if (flag !== undefined)
      throw new UsageError(`There is no flag ${flag}.`, 'Give run ids, as `lf workflow status` lists them.')
    const client = await this.client()
    const { runs, isNamed } = await find(client, words)
    if (runs.length === 0) this.note('No run is running.')
    else if (!isNamed && !this.flags.yes) await this.#confirm(runs)
    const views: StopView[] = []
    for (const { run } of runs) {
      const view = await client.stop(run)
      views.push(view)
      this.log(view.stopped ? `${view.run} is stopping` : `${view.run} had ended before: ${view.state}`)
    }
    return { runs: views }
  }

  async #confirm(runs: readonly RunView[]): Promise<void> {
    const what = runs.length === 1 ? 'this run' : `these ${runs.length} runs`
    if (this.jsonEnabled() || !canAsk()) {
      throw new UsageError(
        `To stop ${what} must be confirmed, and there is nobody to ask.`,
        'Say --yes when you mean it.',
      )
    }
    const { runTable } = await import('../../render/run-view.ts')
    this.note(runTable(runs.slice(0, MAX_LISTED), this.surface(process.stderr)))
    if (runs.length > MAX_LISTED) this.note(`  and ${runs.length - MAX_LISTED} more`)
    await this.confirmed(`Stop ${what}?`)
  }
}

/** `isNamed`: each by its own id. */
async function find(client: Client, words: readonly string[]): Promise<{ runs: RunView[]; isNamed: boolean }> {
  if (words.length === 0) return { runs: await client.runs(MAX_STOPPED_AT_ONCE, ['running']), isNamed: false }
  const found = new Map<string, RunView>()
  let isNamed = true
  let running: RunView[] | undefined
  for (const word of words) {
    running ??= await client.runs(MAX_STOPPED_AT_ONCE, ['running'])
    const ofWorkflow = running.filter(({ workflow, run }) => workflow === word && run !== word)
    if (ofWorkflow.length > 0) isNamed = false
    for (const run of ofWorkflow.length > 0 ? ofWorkflow : [await runNamed(client, word)]) found.set(run.run, run)
  }
  return { runs: [...found.values()], isNamed }
}

async function runNamed(client: Client, word: string): Promise<RunView> {
  try {
    return await client.run(word)
  } catch (error) {
    const isWorkflow = (await client.runs()).some(({ workflow }) => workflow === word)
    throw isWorkflow ? new UsageError(`No run of ${word} is running.`, 'See the runs with: lf workflow status') : error
  }
}

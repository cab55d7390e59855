import { Args, Flags } from '@oclif/core'
import type { Client, RunView, StopView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { canAsk } from '../../confirm.ts'
import { UsageError } from '../../error-report.ts'

/** Looked up at once; it goes on until none is left. */
const RUNS_PER_LOOK = 1000
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
    const { named, groups } = await find(client, words)
    const firsts = await Promise.all(groups.map(group => unstopped(client, group)))
    const runs = [...new Map([...named, ...firsts.flat()].map(run => [run.run, run])).values()]
    if (runs.length === 0) this.note(await nothingToStop(client))
    else if (groups.length > 0 && !this.flags.yes) await this.#confirm(runs, firsts.some(isFull))
    const views: StopView[] = []
    const known = new Set<string>()
    const stopAll = async (found: readonly RunView[]): Promise<number> => {
      const fresh = found.filter(({ run }) => !known.has(run))
      for (const { run } of fresh) {
        known.add(run)
        const view = await client.stop(run)
        views.push(view)
        this.log(view.stopped ? `${view.run} is stopping` : `${view.run} had ended before: ${view.state}`)
      }
      return fresh.length
    }
    await stopAll(runs)
    for (const [index, group] of groups.entries()) {
      if (!isFull(firsts[index] ?? [])) continue
      while ((await stopAll(await unstopped(client, group))) > 0);
    }
    return { runs: views }
  }

  async #confirm(runs: readonly RunView[], areMore: boolean): Promise<void> {
    const these = runs.length === 1 ? 'this run' : `these ${runs.length} runs`
    const what = areMore ? `${these} and all older ones` : these
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

/** All running runs, or those of one workflow. */
interface Group {
  workflow?: string
}

/** `named`: each by its own id. */
async function find(client: Client, words: readonly string[]): Promise<{ named: RunView[]; groups: Group[] }> {
  if (words.length === 0) return { named: [], groups: [{}] }
  const named: RunView[] = []
  const groups: Group[] = []
  for (const word of words) {
    const [one] = await client.runs(1, ['running'], { workflow: word })
    if (one !== undefined && one.run !== word) groups.push({ workflow: word })
    else named.push(await runNamed(client, word))
  }
  return { named, groups }
}

/** The newest of a group that go on. */
function unstopped(client: Client, group: Group): Promise<RunView[]> {
  return client.runs(RUNS_PER_LOOK, ['running'], { ...group, unstopped: true })
}

function isFull(runs: readonly RunView[]): boolean {
  return runs.length >= RUNS_PER_LOOK
}

async function nothingToStop(client: Client): Promise<string> {
  const running = await client.runs(1, ['running'])
  return running.length === 0 ? 'No run is running.' : 'What is running is being stopped already.'
}

async function runNamed(client: Client, word: string): Promise<RunView> {
  try {
    return await client.run(word)
  } catch (error) {
    const isWorkflow = (await client.runs(1, undefined, { workflow: word })).length > 0
    throw isWorkflow ? new UsageError(`No run of ${word} is running.`, 'See the runs with: lf workflow status') : error
  }
}

import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { BaseCommand } from '../base-command.ts'
import { door } from '../connect.ts'
import { UsageError } from '../error-report.ts'
import { formatDuration } from '../render/duration.ts'
import { waitFrame, waitLine } from '../render/wait-view.ts'
import type { DemoListener } from '../demo/demo.ts'

const PEERS = ['alpha', 'beta', 'gamma']

export default class Demo extends BaseCommand<typeof Demo> {
  static override summary = 'Three peers, a real analysis, one of them killed: see for yourself.'

  static override description = [
    'Starts three peers in a temporary home, makes small-angle scattering profiles from physics, submits the phasID example over them,',
    'kills a working peer with SIGKILL in the middle, lets the others finish, and checks against the ledger what it claims.',
    'Leaves nothing running; the results stay in the output folder.',
  ].join(' ')

  static override examples = [
    { command: '<%= config.bin %> demo', description: 'Takes less than a minute on two cores.' },
    {
      command: '<%= config.bin %> demo --profiles 200 --output /tmp/phases',
      description: 'More profiles, results elsewhere.',
    },
  ]

  static override flags = {
    profiles: Flags.integer({ summary: 'Number of scattering profiles.', default: 64, min: 12, max: 2000 }),
    output: Flags.string({
      summary: 'Folder for results and phase diagram.',
      default: 'lightflow-demo',
      helpValue: 'DIR',
    }),
    seed: Flags.integer({ summary: 'Another seed makes other profiles.', default: 7, min: 0 }),
    exposure: Flags.string({ summary: 'Seconds that each profile takes, as an exposure would.', default: '0.25' }),
    // It brings its own: those that all commands take would do nothing here.
    ledger: Flags.string({ hidden: true }),
    home: Flags.string({ hidden: true }),
  }

  async run(): Promise<unknown> {
    const { runDemo } = await import('../demo/demo.ts')
    const { demoReport } = await import('../demo/demo-report.ts')
    const { profiles, output, seed, exposure, ledger, home } = this.flags
    if (ledger !== undefined || home !== undefined) {
      throw new UsageError('The demo has a home and a ledger of its own.', 'Leave out --home and --ledger.')
    }
    const interrupted = new AbortController()
    const interrupt = () => interrupted.abort(new Error('interrupted'))
    process.once('SIGINT', interrupt)
    process.once('SIGTERM', interrupt)
    const display = await this.#display()
    try {
      const result = await runDemo(
        { profiles, seed, peers: PEERS, output: resolve(output), exposure: Number(exposure) || 0 },
        { openClient: options => door.openClient(options), listener: display.listener, signal: interrupted.signal },
      )
      display.end()
      this.log(`\n${demoReport(result, this.surface())}\n`)
      if (result.claims.some(({ holds }) => !holds)) process.exitCode = 1
      return result
    } catch (error) {
      display.end()
      if (interrupted.signal.aborted) this.exit(130)
      throw error
    } finally {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
    }
  }

  /** Steps as lines; progress repainted on a terminal, now and then a line elsewhere. */
  async #display(): Promise<{ listener: DemoListener; end: () => void }> {
    const { createLogUpdate } = await import('log-update')
    const start = performance.now()
    const live = process.stderr.isTTY && !this.jsonEnabled() ? createLogUpdate(process.stderr) : undefined
    let told = ''
    const step = (text: string) => {
      live?.clear()
      const { palette } = this.surface(process.stderr)
      this.note(`  ${palette.dim(formatDuration(performance.now() - start).padStart(7))}  ${text}`)
    }
    return {
      listener: {
        step,
        progress: run => {
          if (live !== undefined) return live(waitFrame(run, this.surface(process.stderr)))
          const line = waitLine(run)
          const tenth = `${Math.floor(((run.tasks.done ?? 0) / Math.max(1, this.flags.profiles)) * 5)}`
          if (tenth !== told) step(line)
          told = tenth
        },
      },
      end: () => live?.clear(),
    }
  }
}

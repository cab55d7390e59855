/**
 * What every command shares: the flags that all take, the way to the library, how results and errors leave. A command's `run`
 * returns its `--json` form and prints its human form with `this.log`; oclif prints the first only with `--json`.
 */
import { inspect } from 'node:util'
import { Command, Errors, Flags, type Interfaces } from '@oclif/core'
import type { Client, ClientOptions, StartView } from '../src/index.ts'
import { door } from './connect.ts'
import { errorJson, errorReport, errorText, EXIT } from './error-report.ts'
import type { Surface } from './render/colours.ts'
import { surfaceOf } from './terminal.ts'

type FlagsOf<T extends typeof Command> = Interfaces.InferredFlags<(typeof BaseCommand)['baseFlags'] & T['flags']>
type ArgsOf<T extends typeof Command> = Interfaces.InferredArgs<T['args']>

export abstract class BaseCommand<T extends typeof Command> extends Command {
  static override enableJsonFlag = true

  static override baseFlags = {
    ledger: Flags.string({
      summary:
        'Ledger to use: sqlite:PATH or mongodb://HOSTS/DATABASE?replicaSet=NAME. Default: a file in the home folder.',
      env: 'LF_LEDGER',
      helpGroup: 'GLOBAL',
      helpValue: 'URL',
    }),
    home: Flags.string({
      summary: 'Folder for everything that Lightflow keeps. Default: the XDG data folder.',
      env: 'LF_HOME',
      helpGroup: 'GLOBAL',
      helpValue: 'DIR',
    }),
    'no-color': Flags.boolean({ summary: 'No colours; also NO_COLOR=1.', helpGroup: 'GLOBAL' }),
  }

  /** False for a command that must go on when nobody reads its output any more. */
  protected endsWithItsReader = true
  protected flags!: FlagsOf<T>
  protected args!: ArgsOf<T>
  /** Arguments as typed, for commands that take any number of them. */
  protected words: string[] = []
  #client: Client | undefined

  override async init(): Promise<void> {
    await super.init()
    process.stdout.on('error', this.#onOutputError)
    process.stderr.on('error', this.#onOutputError)
    const { args, argv, flags } = await this.parse({
      flags: this.ctor.flags,
      baseFlags: this.ctor.baseFlags,
      enableJsonFlag: this.ctor.enableJsonFlag,
      args: this.ctor.args,
      strict: this.ctor.strict,
    })
    this.flags = flags as FlagsOf<T>
    this.args = args as ArgsOf<T>
    this.words = argv as string[]
  }

  /** Where and how to find the ledger and the workflows, as the flags say; empty values count as not given. */
  protected clientOptions(): ClientOptions {
    const { ledger, home } = this.flags
    const workflows = (this.flags as { workflows?: string[] }).workflows
    return {
      ...(ledger ? { ledger } : {}),
      ...(home ? { home } : {}),
      ...(workflows && workflows.length > 0 ? { workflowFolders: workflows } : {}),
    }
  }

  /** Opened on first use, closed when the command ends. */
  protected async client(): Promise<Client> {
    this.#client ??= await door.openClient(this.clientOptions())
    return this.#client
  }

  /** What `stream` can show, now. */
  protected surface(stream: NodeJS.WriteStream = process.stdout): Surface {
    const noColour = this.flags === undefined ? this.argv.includes('--no-color') : this.flags['no-color']
    return surfaceOf(stream, process.env, { noColour, now: Date.now() })
  }

  /** For remarks that are not the result: stderr, and silent with `--json`. */
  protected note(text: string): void {
    this.logToStderr(text)
  }

  /** Goes on when somebody says yes, else ends the command with nothing done. */
  protected async confirmed(question: string): Promise<void> {
    const { confirm } = await import('./confirm.ts')
    const answer = await confirm(question)
    if (answer === undefined) this.exit(EXIT.sigint)
    if (answer) return
    this.note('Nothing was done.')
    this.exit(EXIT.failure)
  }

  /** Waits for the end of a run that was just started, with progress on stderr. */
  protected async follow<Started extends StartView>(started: Started): Promise<Started> {
    const { followStart } = await import('./follow-start.ts')
    return followStart(started, {
      client: await this.client(),
      stream: this.jsonEnabled() ? undefined : process.stderr,
      surface: () => this.surface(process.stderr),
      note: text => this.note(text),
    })
  }

  /** Draws until `next` says that it is over or q is pressed; after a signal it exits as the signal asks. */
  protected async watch(next: () => Promise<{ text: string; last: boolean }>, everyMs: number): Promise<void> {
    const [{ watch }, { StopSignals, exitCodeOf }] = await Promise.all([
      import('./live-view.ts'),
      import('./stop-signals.ts'),
    ])
    const signals = new StopSignals()
    try {
      const received = await watch(next, { stream: process.stdout, everyMs, signals, keys: process.stdin })
      if (received !== undefined) this.exit(exitCodeOf(received))
    } finally {
      signals.close()
    }
  }

  override async catch(error: Error): Promise<never> {
    if (isExit(error)) throw error
    const report = errorReport(error, `${this.config.bin} ${(this.id ?? '').replaceAll(':', ' ')}`.trimEnd())
    if (this.jsonEnabled()) this.logJson(errorJson(report))
    else process.stderr.write(`${errorText(report, this.surface(process.stderr))}\n`)
    if (process.env['LF_DEBUG']) process.stderr.write(`${inspect(error)}\n`)
    this.exit(report.exitCode)
  }

  override async finally(_error: Error | undefined): Promise<void> {
    await this.#client?.close()
    process.stdout.off('error', this.#onOutputError)
    process.stderr.off('error', this.#onOutputError)
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`)
  }

  /** `lf … | head` ends quietly; a terminal that is gone is no reason to fail. */
  readonly #onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
    if (this.endsWithItsReader) process.exit(process.exitCode ?? EXIT.ok)
  }
}

function isExit(error: Error): boolean {
  return error instanceof Errors.ExitError
}

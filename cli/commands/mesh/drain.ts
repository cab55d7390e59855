import { Args, Flags } from '@oclif/core'
import type { Client, DrainView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { EXIT } from '../../error-report.ts'

/** In logs at most one line in this time. */
const LINE_EVERY_MS = 2000

export default class MeshDrain extends BaseCommand<typeof MeshDrain> {
  static override summary = 'Let a peer finish what it runs and leave.'
  static override description = `The request is noted in the ledger; the peer reads it there, claims nothing more, finishes what runs and ends with exit code 0.
With --wait the exit code is 1 when the peer was declared dead before it had finished.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> mx1',
    {
      command: '<%= config.bin %> <%= command.id %> mx1 --wait',
      description: 'Before a reboot: return when it has left.',
    },
  ]
  static override args = {
    peer: Args.string({ description: 'Name, session id, or the beginning of its session or peer id.', required: true }),
  }
  static override flags = {
    wait: Flags.boolean({ char: 'w', summary: 'Wait until it has left, and show what still runs there.' }),
  }

  async run(): Promise<DrainView> {
    const { drainLine, drainRemarks } = await import('../../render/peer-view.ts')
    const client = await this.client()
    const asked = await client.drain(this.args.peer)
    for (const remark of drainRemarks(asked)) this.note(remark)
    if (!this.flags.wait) {
      this.log(drainLine(asked))
      return asked
    }
    const view = await this.#wait(client, asked.session)
    this.log(drainLine(view))
    if (view.state === 'dead') process.exitCode = EXIT.failure
    return view
  }

  async #wait(client: Client, session: string): Promise<DrainView> {
    const { StopSignals, exitCodeOf } = await import('../../stop-signals.ts')
    const signals = new StopSignals()
    const progress = await this.#progress()
    try {
      const view = await client.waitUntilLeft(session, { signal: signals.first, onProgress: progress.show })
      if (view.state === 'draining' && signals.firstReceived !== undefined) {
        this.note('The drain goes on without this command.')
        process.exitCode = exitCodeOf(signals.firstReceived)
      }
      return view
    } finally {
      progress.end()
      signals.close()
    }
  }

  /** On a terminal repainted, elsewhere a line now and then; on stderr, so that stdout keeps the outcome alone. */
  async #progress(): Promise<{ show: (view: DrainView) => void; end: () => void }> {
    if (this.jsonEnabled()) return { show: () => {}, end: () => {} }
    const [{ LiveView }, { drainFrame, drainLine }] = await Promise.all([
      import('../../live-view.ts'),
      import('../../render/peer-view.ts'),
    ])
    const startedAt = Date.now()
    if (process.stderr.isTTY) {
      const live = await LiveView.on(process.stderr)
      return {
        show: view => live.draw(drainFrame(view, this.surface(process.stderr), startedAt)),
        end: () => live.clear(),
      }
    }
    let last = { line: '', at: Number.NEGATIVE_INFINITY }
    const show = (view: DrainView): void => {
      const line = drainLine(view)
      if (view.state !== 'draining' || line === last.line || Date.now() - last.at < LINE_EVERY_MS) return
      last = { line, at: Date.now() }
      this.note(line)
    }
    return { show, end: () => {} }
  }
}

import { Flags } from '@oclif/core'
import type { DoctorProgress, DoctorView } from '../../src/index.ts'
import { BaseCommand } from '../base-command.ts'
import { EXIT } from '../error-report.ts'

export default class Doctor extends BaseCommand<typeof Doctor> {
  static override summary = 'Check this machine and the ledger, and say what to do where something is amiss.'
  static override description =
    'Looks at Node.js, limits, folders, the ledger (file or replica set), its peers, ports and multicast. It changes nothing, and no check takes longer than its limit. Exit code 1 when a check failed, 0 when there are only warnings.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'Can a peer listen here? Is the whole ledger file sound?',
      command: '<%= config.bin %> <%= command.id %> --listen /ip4/10.1.2.3/tcp/4100 --full',
    },
    {
      description: 'Only what is not in order, for a script.',
      command: `<%= config.bin %> <%= command.id %> --json | jq '.checks[] | select(.state != "ok")'`,
    },
  ]
  static override flags = {
    listen: Flags.string({
      summary: 'Multiaddr on which a peer shall listen (repeatable).',
      helpValue: 'ADDR',
      multiple: true,
      multipleNonGreedy: true,
    }),
    full: Flags.boolean({ summary: 'Check every page and index of a ledger file, however long it takes.' }),
    'no-mdns': Flags.boolean({ summary: 'Discovery by multicast is not wanted: do not try it.' }),
  }

  async run(): Promise<DoctorView> {
    const { doctorReport } = await import('../render/doctor-view.ts')
    const view = await this.#examine()
    this.log(doctorReport(view, this.surface()))
    // Set, not thrown: with --json the view is still to be printed.
    process.exitCode = view.ok ? EXIT.ok : EXIT.failure
    return view
  }

  async #examine(): Promise<DoctorView> {
    const [{ door }, show] = await Promise.all([import('../connect.ts'), this.#progress()])
    const { listen, full, 'no-mdns': noMdns } = this.flags
    try {
      return await door.examine({
        ...this.clientOptions(),
        full,
        mdns: !noMdns,
        ...(listen && listen.length > 0 ? { listen } : {}),
        onProgress: show.draw,
      })
    } finally {
      show.clear()
    }
  }

  /** On a terminal only: elsewhere it would be noise. */
  async #progress(): Promise<{ draw: (progress: DoctorProgress) => void; clear: () => void }> {
    if (this.jsonEnabled() || !process.stderr.isTTY) return { draw: () => {}, clear: () => {} }
    const [{ LiveView }, { doctorProgress }] = await Promise.all([
      import('../live-view.ts'),
      import('../render/doctor-view.ts'),
    ])
    const live = await LiveView.on(process.stderr)
    return {
      draw: progress => live.draw(doctorProgress(progress, this.surface(process.stderr))),
      clear: () => live.clear(),
    }
  }
}

import { Flags } from '@oclif/core'
import type { Client, MeshStatusView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { errorReport } from '../../error-report.ts'
import { formatAge, formatMoment } from '../../render/duration.ts'
import { truncate } from '../../render/text.ts'

const WATCH_EVERY_MS = 1000

export default class MeshStatus extends BaseCommand<typeof MeshStatus> {
  static override summary = 'Show the peers, what waits, what runs, and what needs somebody.'
  static override description = [
    'LINKS is how many of the other live peers a peer is connected to, BEAT how long ago it last proved to be alive, DAGS how many it supervises.',
    'ATTENTION names what is missing, stuck or lost, with the command that helps.',
    'With --watch, q or Ctrl-C ends it; into a file or pipe, --watch writes a snapshot a second, each under its time.',
  ].join(' ')

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --watch',
    {
      description: 'Is anything wrong?',
      command: "<%= config.bin %> <%= command.id %> --json | jq -r '.troubles[].message'",
    },
  ]
  static override flags = {
    watch: Flags.boolean({ char: 'w', summary: 'Draw again every second until q or Ctrl-C.', exclusive: ['json'] }),
  }

  async run(): Promise<MeshStatusView | undefined> {
    const { meshStatus } = await import('../../render/mesh-view.ts')
    const client = await this.client()
    if (!this.flags.watch) {
      const mesh = await client.meshStatus()
      this.log(meshStatus(mesh, this.surface()))
      return mesh
    }
    const pictures = new Pictures(client)
    await this.watch(async () => ({ text: await this.#picture(pictures), last: false }), WATCH_EVERY_MS)
    return undefined
  }

  async #picture(pictures: Pictures): Promise<string> {
    const { meshStatus } = await import('../../render/mesh-view.ts')
    const { mesh, failing } = await pictures.next()
    const surface = this.surface()
    const { palette, columns, unicode, now } = surface
    const time = formatMoment(new Date(now).toISOString(), now)
    const above = process.stdout.isTTY ? [] : [`--- ${time}`]
    const below = process.stdout.isTTY ? [palette.dim(`  ${time}, q to quit`)] : []
    const failure =
      failing === undefined
        ? []
        : [palette.red(`  No answer from the ledger for ${formatAge(failing.forMs)}: ${failing.message}`), '']
    const urgentFirst = process.stdout.isTTY
    return [...above, ...failure, meshStatus(mesh, surface, { urgentFirst }), ...below]
      .map(text => text.split('\n'))
      .flat()
      .map(line => truncate(line, columns, { ascii: !unicode }))
      .join('\n')
  }
}

/** The last picture stays while the ledger does not answer; without any there is nothing to show but the error. */
class Pictures {
  readonly #client: Client
  #last: MeshStatusView | undefined
  #lastMs = 0

  constructor(client: Client) {
    this.#client = client
  }

  async next(): Promise<{ mesh: MeshStatusView; failing: { message: string; forMs: number } | undefined }> {
    try {
      this.#last = await this.#client.meshStatus()
      this.#lastMs = performance.now()
      return { mesh: this.#last, failing: undefined }
    } catch (error) {
      if (this.#last === undefined) throw error
      const { message } = errorReport(error, 'lf mesh status')
      return { mesh: this.#last, failing: { message, forMs: performance.now() - this.#lastMs } }
    }
  }
}

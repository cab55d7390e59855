import { Flags } from '@oclif/core'
import type { MeshStatusView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'

const WATCH_EVERY_MS = 500

export default class MeshStatus extends BaseCommand<typeof MeshStatus> {
  static override summary = 'Show the peers, what waits and what runs.'
  static override description =
    'LINKS is how many of the other live peers a peer is connected to, BEAT how long ago it last proved to be alive.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --watch']
  static override flags = {
    watch: Flags.boolean({ char: 'w', summary: 'Draw again until Ctrl-C.', exclusive: ['json'] }),
  }

  async run(): Promise<MeshStatusView | undefined> {
    const { meshStatus } = await import('../../render/mesh-view.ts')
    const client = await this.client()
    if (!this.flags.watch) {
      const mesh = await client.meshStatus()
      this.log(meshStatus(mesh, this.surface()))
      return mesh
    }
    await this.watch(
      async () => ({ text: meshStatus(await client.meshStatus(), this.surface()), last: false }),
      WATCH_EVERY_MS,
    )
    return undefined
  }
}

import { Args, Flags } from '@oclif/core'
import type { EvictView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { canAsk } from '../../confirm.ts'
import { UsageError } from '../../error-report.ts'

export default class MeshEvict extends BaseCommand<typeof MeshEvict> {
  static override summary = 'Declare a peer dead at once, whatever it says.'
  static override description = `For a peer that is frozen or must go now. What it holds is taken over by the others; exclusive tasks become lost and wait for a decision.
A peer that lives learns it at its next beat, ends what it runs and exits with code 1; it does not come back by itself. (systemd may start it again.)`
  static override examples = [
    '<%= config.bin %> <%= command.id %> mx1',
    { command: '<%= config.bin %> <%= command.id %> mx1 --yes', description: 'In a script.' },
  ]
  static override args = {
    peer: Args.string({ description: 'Name, session id, or the beginning of its session or peer id.', required: true }),
  }
  static override flags = { yes: Flags.boolean({ char: 'y', summary: 'Do not ask.' }) }

  async run(): Promise<EvictView> {
    const { evictText } = await import('../../render/peer-view.ts')
    const client = await this.client()
    const found = await client.peer(this.args.peer)
    if (!this.flags.yes) await this.#confirm(found)
    const view = await client.evict(found.session)
    this.log(evictText(view, this.surface()))
    return view
  }

  async #confirm(found: Parameters<typeof import('../../render/peer-view.ts').evictQuestion>[0]): Promise<void> {
    if (this.jsonEnabled() || !canAsk()) {
      throw new UsageError(
        'An eviction must be confirmed, and there is nobody to ask.',
        `Say --yes when you mean it: lf mesh evict ${this.args.peer} --yes`,
      )
    }
    const { evictQuestion } = await import('../../render/peer-view.ts')
    this.note(evictQuestion(found, this.surface(process.stderr)))
    await this.confirmed(`Evict ${found.name}?`)
  }
}

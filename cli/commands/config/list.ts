import type { SettingsView } from '../../../src/index.ts'
import { BaseCommand } from '../../base-command.ts'

export default class ConfigList extends BaseCommand<typeof ConfigList> {
  static override summary = 'Show the settings as they are now, and where each comes from.'
  static override description =
    'A flag wins over the environment, and that over the default. Passwords are not shown. With --json also the folders that follow from them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { command: '<%= config.bin %> <%= command.id %> --json | jq -r .places.payloads', description: 'For a script.' },
  ]

  async run(): Promise<SettingsView> {
    const [{ readSettings }, { settingsText }] = await Promise.all([
      import('../../../src/index.ts'),
      import('../../render/settings-view.ts'),
    ])
    const settings = await readSettings(this.clientOptions())
    this.log(settingsText(settings, this.surface()))
    return settings
  }
}

/** What can be set, what it is now, and where that comes from. Pure. */
import { dirname } from 'node:path'
import type { ClientOptions } from './client-api.ts'
import {
  describeLedger,
  resolveHome,
  resolveLedger,
  sharedFolders,
  workflowFolders,
  type Environment,
} from './settings.ts'
import type { SettingsView, SettingView } from './views.ts'

/** The merged settings: what is given wins over the environment, and that over the defaults. Names no secrets. */
export function listSettings(given: ClientOptions, env: Environment): SettingsView {
  const home = resolveHome(given.home, env)
  const ledger = resolveLedger(given.ledger, env, home)
  const folders = sharedFolders(ledger)
  // The command line reads these variables too: what is given may have come from there.
  const source = (name: string, flag: unknown): SettingView['from'] =>
    flag !== undefined && flag !== env[name] ? 'flag' : env[name] ? 'environment' : 'default'
  return {
    settings: [
      {
        name: 'LF_HOME',
        value: home,
        from: source('LF_HOME', given.home),
        meaning: 'Folder for everything that Lightflow keeps',
      },
      {
        name: 'LF_LEDGER',
        value: describeLedger(ledger),
        from: source('LF_LEDGER', given.ledger),
        meaning: 'The ledger: sqlite:PATH or mongodb://HOSTS/DATABASE?replicaSet=NAME',
      },
      {
        name: 'LF_WORKFLOWS',
        value: workflowFolders(given.workflowFolders, env).join(':'),
        from: source('LF_WORKFLOWS', given.workflowFolders),
        meaning: 'Folders with workflows, separated by colons',
      },
      {
        name: 'LF_LOG_LEVEL',
        value: env['LF_LOG_LEVEL'] || 'info',
        from: source('LF_LOG_LEVEL', undefined),
        meaning: 'What lf node logs: debug, info, warn or error',
      },
    ],
    places: { files: dirname(folders.payloads), ...folders },
  }
}

/** A file for the shell or for systemd's `EnvironmentFile=`: every setting with its default, none of them switched on. */
export function defaultSettings(): string {
  const { settings } = listSettings({}, {})
  const blocks = settings.map(({ name, value, meaning }) => `# ${meaning}.\n#${name}=${quoted(name, value)}\n`)
  const head =
    '# Settings of Lightflow, with their defaults. Remove the # before a line to change it.\n' +
    '# For a shell: set -a; . ./lightflow.env; set +a. For systemd: EnvironmentFile=/etc/lightflow.env\n'
  return [head, ...blocks].join('\n')
}

/** The folders of workflows depend on where a command is typed: their default is not a path that could be written down. */
function quoted(name: string, value: string): string {
  const text = name === 'LF_WORKFLOWS' ? 'workflows:examples' : value
  return /^[\w./:@-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * The commands as their bundle runs them (`src/node/command-bundle.ts`). oclif finds out at each start which plugins there are, where, and
 * what they bring; here that was found out when the bundle was made.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Config, execute, type Interfaces, Plugin, settings } from '@oclif/core'

/** What oclif reads of a plugin. */
interface KnownPlugin {
  /** Undefined for the commands themselves, which are in the folder of the bundle. */
  root?: string
  pjson: Interfaces.PJSON
  manifest: Interfaces.Manifest
}

const PLUGINS = 'plugins.json'

/** Writes down, beside the commands in `folder`, what `prepare` needs to know. */
export async function notePlugins(folder: string, pjson: Interfaces.PJSON): Promise<void> {
  // Node.js runs what is there as it is: oclif must not look for a transpiler.
  settings.enableAutoTranspile = false
  const { plugins, pjson: own } = await Config.load({ root: folder, pjson, errorOnManifestCreate: true })
  const known: KnownPlugin[] = []
  for (const plugin of plugins.values()) {
    const { name, version, type, description, oclif } = plugin.pjson
    // It has one, though its type leaves it out.
    const manifest = Reflect.get(plugin, 'manifest') as Interfaces.Manifest
    const place = plugin.pjson === own ? {} : { root: plugin.root }
    known.push({ ...place, pjson: { name, version, type, description, oclif }, manifest })
  }
  writeFileSync(join(folder, PLUGINS), JSON.stringify(known))
}

/** What runs the command of `process.argv`, from the bundle in `folder`. Throws when something of it is missing. */
export async function prepare(folder: string): Promise<() => void> {
  settings.enableAutoTranspile = false
  const known = JSON.parse(readFileSync(join(folder, PLUGINS), 'utf8')) as KnownPlugin[]
  const loaded = await Promise.all(known.map(one => load(one, folder)))
  const [own] = loaded
  if (own === undefined) throw new Error(`there are no commands in ${folder}`)
  const plugins = new Map(loaded.map(plugin => [plugin.name, plugin]))
  return () => void execute({ loadOptions: { root: folder, pjson: own.pjson, plugins } })
}

async function load({ root, pjson, manifest }: KnownPlugin, folder: string): Promise<Plugin> {
  // As if it were the root: then it is not searched for.
  const plugin = new Plugin({ isRoot: true, name: pjson.name, root: root ?? folder, pjson, type: 'core' })
  Reflect.set(plugin, '_manifest', () => {
    plugin.hasManifest = true
    plugin.commandIDs = Object.keys(manifest.commands)
    return Promise.resolve(manifest)
  })
  await plugin.load()
  plugin.isRoot = root === undefined
  return plugin
}

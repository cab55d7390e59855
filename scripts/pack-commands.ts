/**
 * What the commands say of themselves, for a package: with it `lf --help` loads none of them. Made of `dist/` before packing, removed
 * afterwards (`--remove`), since in a checkout it would soon be old; there `bin/command-list.js` keeps one of its own.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Config } from '@oclif/core'
import { ROOT } from './run-steps.ts'

const file = join(ROOT, 'oclif.manifest.json')
await rm(file, { force: true })
if (!process.argv.includes('--remove')) {
  const pjson = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { name: string }
  const config = await Config.load({ root: ROOT, ignoreManifest: true, errorOnManifestCreate: true })
  const plugin = config.plugins.get(pjson.name)
  if (plugin === undefined) throw new Error(`there is no plugin ${pjson.name}`)
  // It has one, though its type leaves it out.
  await writeFile(file, JSON.stringify(Reflect.get(plugin, 'manifest')))
}

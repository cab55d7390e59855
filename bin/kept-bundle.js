// Finds the bundle of the commands (`src/node/command-bundle.ts` makes it) and tells whether it is still that of the sources. Plain
// JavaScript that loads nothing: to ask the one that makes bundles would cost a fourth of what a command takes.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Beside the bundles: which one is of which sources, as they were. */
const KEPT = join('.cache', 'lightflow', 'commands.json')

/** Folder of the bundle; undefined when there is none, or a source has changed since. */
export function keptBundle(root) {
  const packages = packagesAbove(root)
  if (packages === undefined) return undefined
  try {
    const { node, of, folder, marks } = JSON.parse(readFileSync(join(packages, KEPT), 'utf8'))
    const isOfThis = node === process.version && of === root
    return isOfThis && existsSync(folder) && marks.every(isUnchanged) ? folder : undefined
  } catch {
    return undefined
  }
}

function isUnchanged([file, size, mtimeMs]) {
  const now = statSync(file, { throwIfNoEntry: false })
  return now !== undefined && now.size === size && now.mtimeMs === mtimeMs
}

function packagesAbove(folder) {
  const packages = join(folder, 'node_modules')
  if (existsSync(join(packages, 'esbuild'))) return packages
  const above = dirname(folder)
  return above === folder ? undefined : packagesAbove(above)
}

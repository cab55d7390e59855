// What the commands say of themselves (oclif's manifest), so that `lf --help` need not load all of them. An installed package brings it. In
// a checkout it is made when it is missing or older than what it tells of; where that folder cannot be written, nothing is kept.
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where oclif looks for it, after the one that a package brings. */
const FILE = '.oclif.manifest.json'
const OF_PACKAGE = 'oclif.manifest.json'

/** Whether what is kept there may be believed. */
export function isCommandListFresh(root) {
  // Left over from packing: it speaks of `dist/`.
  if (existsSync(join(root, OF_PACKAGE))) return false
  try {
    const { mtimeMs } = statSync(join(root, FILE))
    return newestMs(root) < mtimeMs
  } catch {
    return false
  }
}

/** `loadedMs`: when its sources were read at the earliest. What changes after that makes it old. */
export function keepCommandList(root, manifest, loadedMs) {
  const file = join(root, FILE)
  const own = `${file}.${process.pid}`
  try {
    writeFileSync(own, JSON.stringify(manifest))
    utimesSync(own, loadedMs / 1000, loadedMs / 1000)
    renameSync(own, file)
  } catch {
    rmSync(own, { force: true })
  }
}

/** Of everything that the list depends on. Folders too: a file that is gone changes its folder. */
function newestMs(root) {
  const cli = join(root, 'cli')
  const names = readdirSync(cli, { recursive: true })
  const files = [...names.map(name => join(cli, name)), cli, join(root, 'package.json')]
  const lock = join(root, 'node_modules', '.package-lock.json')
  return Math.max(...[...files, lock].map(file => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0))
}

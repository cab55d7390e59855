// Finds the bundle of the commands (`src/node/command-bundle.ts` makes it) and tells whether it is still that of the sources. Plain
// JavaScript that loads nothing: to ask the one that makes bundles would cost a fourth of what a command takes.
import { existsSync, lstatSync, readFileSync, realpathSync, statSync, utimesSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** A bundle that is used stays: those that nobody has touched for long are removed. */
const TOUCHED_EVERY_MS = 86_400_000
const OTHERS_MAY_WRITE = 0o002

/** Folder of the bundle; undefined when there is none, something of it is missing, or a source has changed since. */
export function keptBundle(root) {
  const packages = packagesAbove(root)
  if (packages === undefined) return undefined
  try {
    const cache = join(realpathSync.native(packages), '.cache', 'lightflow')
    const note = join(cache, noteOf(root))
    const isTrusted = trust(packages)
    if (!isTrusted(lstatSync(note))) return undefined
    const kept = JSON.parse(readFileSync(note, 'utf8'))
    // Only what is in the cache is run, whatever the note says.
    const folder = join(cache, basename(kept.folder))
    const at = lstatSync(folder)
    const isOfThis = kept.node === process.version && kept.of === root && at.isDirectory() && isTrusted(at)
    if (!isOfThis || !isWhole(folder, kept.files) || !kept.marks.every(isUnchanged)) return undefined
    touch(folder, at)
    return folder
  } catch {
    return undefined
  }
}

/** Beside the bundles, one for each installation that shares the packages: which bundle is of which sources, as they were. */
export function noteOf(root) {
  let hash = 0x811c9dc5
  for (const letter of root) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193)
  return `commands-${(hash >>> 0).toString(16)}.json`
}

/** Ours, of the system, or of who installed the packages, and written by nobody else. */
function trust(packages) {
  if (process.getuid === undefined) return () => true
  const uids = [0, process.getuid(), statSync(packages).uid]
  return ({ uid, mode }) => uids.includes(uid) && (mode & OTHERS_MAY_WRITE) === 0
}

function isWhole(folder, files) {
  return files.length > 0 && files.every(([path, size]) => statSync(join(folder, path)).size === size)
}

function isUnchanged([file, size, mtimeMs]) {
  const now = statSync(file, { throwIfNoEntry: false })
  return now !== undefined && now.size === size && now.mtimeMs === mtimeMs
}

function touch(folder, { mtimeMs }) {
  const nowMs = Date.now()
  if (nowMs - mtimeMs < TOUCHED_EVERY_MS) return
  try {
    utimesSync(folder, nowMs / 1000, nowMs / 1000)
  } catch {
    // It belongs to somebody else, whose uses count.
  }
}

function packagesAbove(folder) {
  const packages = join(folder, 'node_modules')
  if (existsSync(join(packages, 'esbuild'))) return packages
  const above = dirname(folder)
  return above === folder ? undefined : packagesAbove(above)
}

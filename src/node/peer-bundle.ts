/**
 * What a peer loads, in a few files instead of a thousand: finding and reading so many modules took two thirds of the CPU of a start, and
 * they and the stripping of types cost 80 MB. The threads of tasks run from the sources: the code of a task and what it imports from
 * `lightflow` must be one.
 */
import { dirname, extname, join, parse } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cachedBundle, packagesAbove } from './cached-bundle.ts'

export interface PeerBundleParts {
  /** Entry of the bundle: a TypeScript file in a checkout, JavaScript in the package. */
  entry: string
  /** What the entry starts as threads that are bundled too, each found by `import.meta.url` from a file beside it. */
  threads: readonly string[]
  /** Folders whose files are sources. */
  sources: readonly string[]
  /** The `node_modules` with the packages that the sources import. */
  packages: string
  /** The `package.json` that names these. */
  pjson?: string | undefined
}

/** Path of the bundled entry, made if need be. Throws when it cannot be made. */
export async function peerBundle(
  { entry, threads, sources, packages, pjson }: PeerBundleParts,
  nowMs?: number,
): Promise<string> {
  const entries = { peer: entry, ...Object.fromEntries(threads.map(file => [parse(file).name, file])) }
  const moved = threads.map(dirname)
  const folder = await cachedBundle({ name: 'peer', entries, sources, packages, pjson, moved }, nowMs)
  return join(folder, 'peer.js')
}

/** Of this installation; undefined when it has no packages beside or above it. */
export function ownBundleParts(here = import.meta.url): PeerBundleParts | undefined {
  const file = fileURLToPath(here)
  const root = dirname(dirname(dirname(file)))
  const packages = packagesAbove(root)
  if (packages === undefined) return undefined
  const source = (path: string) => join(root, 'src', `${path}${extname(file)}`)
  return {
    entry: source('node/start-peer'),
    threads: ['ledger/sqlite/sqlite-thread', 'payload/bulk/net-thread', 'payload/bulk/sink-thread'].map(source),
    sources: [join(root, 'src'), join(root, 'protocols')],
    packages,
    pjson: join(extname(file) === '.ts' ? root : dirname(root), 'package.json'),
  }
}

/**
 * What a peer loads, in a few files instead of a thousand: finding and reading so many modules took two thirds of the CPU of a start, and
 * they and the stripping of types cost 80 MB. Made from the sources when there is none of them yet, beside the packages from which it is
 * made (`node_modules/.cache/lightflow`), and made anew when a source or a package changes. The threads of tasks run from the sources: the code
 * of a task and what it imports from `lightflow` must be one.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, extname, join, parse, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { BuildOptions, Plugin } from 'esbuild'
import { withEsbuild } from '../bundle/with-esbuild.ts'

export interface PeerBundleParts {
  /** Entry of the bundle: a TypeScript file in a checkout, JavaScript in the package. */
  entry: string
  /** What the entry starts as threads that are bundled too, each found by `import.meta.url` from a file beside it. */
  threads: readonly string[]
  /** Folders whose files are sources. */
  sources: readonly string[]
  /** The `node_modules` with the packages that the sources import. */
  packages: string
}

/** Changed by what changes how a bundle is made. */
const FORMAT = 2

/** A peer that runs loads parts of its bundle when it first needs them: an update must not take them away. */
const KEPT_MS = 90 * 86_400_000
/** Who was killed while making one left it unfinished. */
const DRAFT_KEPT_MS = 86_400_000

/** Path of the bundled entry, made if need be. Throws when it cannot be made, for instance because nothing may be written there. */
export async function peerBundle(parts: PeerBundleParts, nowMs = Date.now()): Promise<string> {
  const cache = join(parts.packages, '.cache', 'lightflow')
  const name = `peer-${fingerprint(parts)}`
  const folder = join(cache, name)
  if (!existsSync(folder)) {
    await make(parts, folder)
    await removeOld(cache, name, nowMs)
  }
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
  }
}

function packagesAbove(folder: string): string | undefined {
  const packages = join(folder, 'node_modules')
  if (existsSync(join(packages, 'esbuild'))) return packages
  const above = dirname(folder)
  return above === folder ? undefined : packagesAbove(above)
}

/**
 * Of the names, sizes and times of all sources, and of what was installed. Hundreds of files are looked at, and the process that starts has
 * nothing else to do: asking one after the other costs a fourth of what asking through the pool of threads does.
 */
function fingerprint({ entry, sources, packages }: PeerBundleParts): string {
  const hash = createHash('sha256').update(JSON.stringify([FORMAT, process.version, entry]))
  for (const folder of [...sources, join(packages, '.package-lock.json')]) {
    for (const file of filesIn(folder)) {
      const { size, mtimeMs } = statSync(file)
      hash.update(JSON.stringify([file, size, mtimeMs]))
    }
  }
  return hash.digest('hex').slice(0, 32)
}

function filesIn(path: string): string[] {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  return entries.flatMap(entry => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).toSorted()
}

/** Complete or not there at all: several peers that start together may each make it. */
async function make(parts: PeerBundleParts, folder: string): Promise<void> {
  const draft = `${folder}.${process.pid}.new`
  await mkdir(draft, { recursive: true })
  try {
    await withEsbuild(({ build }) => build(settings(parts, draft)))
    await rename(draft, folder).catch(error => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Those of earlier sources, and drafts that nobody will finish. What a neighbour removes meanwhile is gone too. */
async function removeOld(cache: string, newest: string, nowMs: number): Promise<void> {
  for (const entry of await readdir(cache)) {
    const made = await stat(join(cache, entry)).catch(() => null)
    if (!entry.startsWith('peer-') || entry === newest || made === null) continue
    const keptMs = entry.endsWith('.new') ? DRAFT_KEPT_MS : KEPT_MS
    if (nowMs - made.mtimeMs > keptMs) await rm(join(cache, entry), { recursive: true, force: true })
  }
}

function settings({ entry, threads, sources }: PeerBundleParts, outdir: string): BuildOptions {
  return {
    entryPoints: { peer: entry, ...Object.fromEntries(threads.map(file => [parse(file).name, file])) },
    outdir,
    bundle: true,
    // What is loaded only when it is needed stays a file of its own.
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    // The ledger of many machines, what compiles workflows, and machine code: found where they are.
    external: ['mongodb', 'esbuild', 'msgpackr-extract'],
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
    plugins: [keepPlaces(sources, threads.map(dirname))],
    banner: { js: REQUIRE_FOR_COMMONJS },
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  }
}

/** CommonJS packages inside of the bundle ask for Node's own modules by `require`, which ES modules lack. */
const REQUIRE_FOR_COMMONJS =
  "import { createRequire as __lightflowCreateRequire } from 'node:module';" +
  'const require = __lightflowCreateRequire(import.meta.url);'

/**
 * Sources find `package.json` and the threads of tasks by where they are themselves. Those beside a bundled thread find it beside
 * themselves in the bundle, too.
 */
function keepPlaces(sources: readonly string[], besideThreads: readonly string[]): Plugin {
  const isOwn = (path: string) => sources.some(folder => !relative(folder, path).startsWith('..'))
  return {
    name: 'keep-places',
    setup(build) {
      build.onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
        if (!isOwn(path) || besideThreads.includes(dirname(path))) return null
        const contents = await readFile(path, 'utf8')
        const place = JSON.stringify(pathToFileURL(path).href)
        return { contents: contents.replaceAll('import.meta.url', place), loader: path.endsWith('.ts') ? 'ts' : 'js' }
      })
    },
  }
}

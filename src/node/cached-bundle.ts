/**
 * A few files instead of hundreds, for what starts often: made from the sources when there are none of them yet, beside the packages from
 * which they are made (`node_modules/.cache/lightflow`), and made anew when a source or a package changes.
 */
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, extname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildOptions, Plugin } from 'esbuild'
import { withEsbuild } from '../bundle/with-esbuild.ts'
import { checkOwner, draftOf, isWhole, moveIn, removeOld, seal, touch } from './bundle-folder.ts'
import { installMarks } from './install-marks.ts'

export interface BundleParts {
  /** What it is of: several of one name are states of the same sources. */
  name: string
  /** Files to begin with, TypeScript in a checkout, JavaScript in the package, by their names in the bundle. */
  entries: Readonly<Record<string, string>>
  /** Folder in the bundle of what several entries use, with a slash at its end. Default: beside them. */
  shared?: string
  /** Files and folders that are sources. */
  sources: readonly string[]
  /** Files and folders that tell whether sources have changed. Default: all sources, and the list of what is installed. */
  marks?: readonly string[]
  /** The `node_modules` with the packages that the sources import. */
  packages: string
  /** The `package.json` that names these. */
  pjson?: string | undefined
  /** Folders of sources that are where they find themselves in the bundle; others are where their source is. */
  moved?: readonly string[]
  /** Sources that stay outside, since what starts rarely needs them. */
  outside?: readonly string[]
  /** CommonJS packages, and modules of Node.js, that are loaded only when something of them is first used. */
  lazy?: readonly string[]
  /** Other code for a package, by its name. */
  instead?: Readonly<Record<string, string>>
  /** Other text for a piece of text in one file, by the end of its path. Where it is not found, nothing is replaced. */
  edits?: Readonly<Record<string, readonly [text: string, by: string]>>
  /** Expressions that have one value here. */
  define?: Readonly<Record<string, string>>
  /** Adds to a bundle what can be told only of the whole of it. `inputs`: the files of which it was made. */
  finish?: (folder: string, inputs: readonly string[]) => Promise<void>
}

/** Changed by what changes how a bundle is made. */
const FORMAT = 4

/** A stack names lines, and Node.js shows the line of an error that nobody caught. */
const LINE_CHARS = 160

/** Folder of the bundle, made if need be. Throws when it cannot be made, for instance because nothing may be written there. */
export async function cachedBundle(parts: BundleParts, nowMs = Date.now()): Promise<string> {
  const cache = join(parts.packages, '.cache', 'lightflow')
  const name = bundleName(parts)
  const folder = join(cache, name)
  await checkOwner(folder, parts.packages)
  if (isWhole(folder)) await touch(folder, nowMs)
  else {
    // To find that out only after all the work would slow down every start.
    accessSync(deepestOf(cache), constants.W_OK)
    await make(parts, folder)
    await removeOld(cache, name, nowMs)
  }
  return folder
}

/** The part of a path that is there. */
function deepestOf(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : deepestOf(dirname(path))
}

/** Of a bundle of the sources as they are now. */
export function bundleName(parts: BundleParts): string {
  return `${parts.name}-${fingerprint(parts)}`
}

/** The `node_modules` in or above a folder from which bundles can be made: where it really is, since what is made there finds itself there. */
export function packagesAbove(folder: string): string | undefined {
  const packages = join(folder, 'node_modules')
  if (existsSync(join(packages, 'esbuild'))) return realpathSync(packages)
  const above = dirname(folder)
  return above === folder ? undefined : packagesAbove(above)
}

/**
 * Of the names, sizes and times of all sources, and of what was installed. Hundreds of files are looked at, and the process that starts has
 * nothing else to do: asking one after the other costs a fourth of what asking through the pool of threads does.
 */
function fingerprint({ entries, sources, packages, pjson, marks }: BundleParts): string {
  const looks = marks ?? [...sources, ...installMarks(packages, pjson)]
  const facts: unknown[] = [FORMAT, process.version, entries]
  for (const file of looks.flatMap(filesIn)) {
    const { size, mtimeMs } = statSync(file)
    facts.push(file, size, mtimeMs)
  }
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32)
}

function filesIn(path: string): string[] {
  const at = statSync(path, { throwIfNoEntry: false })
  if (at === undefined) return []
  if (!at.isDirectory()) return [path]
  const entries = readdirSync(path, { withFileTypes: true })
  return entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => (entry.isDirectory() ? filesIn(join(path, entry.name)) : [join(path, entry.name)]))
}

/** Complete or not there at all: several processes that start together may each make it. */
async function make(parts: BundleParts, folder: string): Promise<void> {
  const draft = draftOf(folder)
  await mkdir(draft, { recursive: true, mode: 0o755 })
  try {
    // Without it Node.js would try each file as CommonJS first, and compile it twice.
    await writeFile(join(draft, 'package.json'), '{"type":"module"}')
    const { metafile } = await withEsbuild(({ build }) => build(settings(parts, draft)))
    const inputs = Object.keys(metafile?.inputs ?? {}).map(path => resolve(draft, path))
    await parts.finish?.(draft, inputs)
    await seal(draft)
    await moveIn(draft, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

function settings(parts: BundleParts, outdir: string): BuildOptions {
  const { entries, shared = '', sources, moved = [], outside = [], lazy = [], instead = {}, edits = {}, define } = parts
  return {
    entryPoints: { ...entries },
    outdir,
    absWorkingDir: outdir,
    metafile: true,
    chunkNames: `${shared}[name]-[hash]`,
    bundle: true,
    // What is loaded only when it is needed stays a file of its own.
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: LINE_CHARS,
    // One letter that is not of Latin 1 doubles the memory of a source, in each thread that loads it, and decoding costs time.
    charset: 'ascii',
    // The ledger of many machines, what compiles workflows, and machine code: found where they are.
    external: ['mongodb', 'esbuild', 'msgpackr-extract'],
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [
      leaveOutside(outside),
      loadLater(lazy),
      takeInstead({ 'node:process': 'module.exports = process', ...instead }),
      editFiles(edits),
      keepPlaces(sources, moved),
    ],
    banner: { js: REQUIRE_FOR_COMMONJS },
    define: { ...define, __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  }
}

/** Where a file is, as its text says it. In pieces: this file is itself in a bundle, in which such text is replaced. */
const OWN_PLACE = ['import', 'meta', 'url'].join('.')

/** CommonJS packages inside of the bundle ask for Node's own modules by `require`, which ES modules lack. */
const REQUIRE_FOR_COMMONJS =
  "import { createRequire as __lightflowCreateRequire } from 'node:module';" +
  `const require = __lightflowCreateRequire(${OWN_PLACE});`

/** Sources find `package.json` and the threads of tasks by where they are themselves. */
function keepPlaces(sources: readonly string[], moved: readonly string[]): Plugin {
  const isOwn = (path: string) => sources.some(folder => !relative(folder, path).startsWith('..'))
  return {
    name: 'keep-places',
    setup(build) {
      build.onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
        if (!isOwn(path) || moved.includes(dirname(path))) return null
        const contents = await readFile(path, 'utf8')
        const place = JSON.stringify(pathToFileURL(path).href)
        return {
          contents: contents.replaceAll(OWN_PLACE, place),
          loader: extname(path) === '.ts' ? 'ts' : 'js',
        }
      })
    },
  }
}

function leaveOutside(files: readonly string[]): Plugin {
  return {
    name: 'leave-outside',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const file = join(resolveDir, path)
        return files.includes(file) ? { path: pathToFileURL(file).href, external: true } : null
      })
    },
  }
}

/** To import `node:process` makes all that it has, standard input and the list of all flags included. */
function takeInstead(code: Readonly<Record<string, string>>): Plugin {
  const namespace = 'take-instead'
  return {
    name: namespace,
    setup(build) {
      build.onResolve({ filter: /^[\w@]/ }, ({ path, resolveDir }) =>
        Object.hasOwn(code, path) ? { path, namespace, pluginData: resolveDir } : null,
      )
      build.onLoad({ filter: /./, namespace }, ({ path, pluginData }) => ({
        contents: code[path] ?? '',
        resolveDir: pluginData as string,
      }))
    },
  }
}

function editFiles(edits: Readonly<Record<string, readonly [text: string, by: string]>>): Plugin {
  return {
    name: 'edit-files',
    setup(build) {
      build.onLoad({ filter: /\.js$/ }, async ({ path }) => {
        const end = Object.keys(edits).find(name => path.endsWith(name))
        const [text, by] = edits[end ?? ''] ?? []
        return text === undefined || by === undefined
          ? null
          : { contents: (await readFile(path, 'utf8')).replaceAll(text, by), loader: 'js' }
      })
    },
  }
}

/**
 * What packages ask for with `require`, and name the parts of only where they use them: it stays where it is until then. Node's own modules
 * too, some of which take as long as all the rest.
 */
function loadLater(names: readonly string[]): Plugin {
  const namespace = 'load-later'
  return {
    name: namespace,
    setup(build) {
      build.onResolve({ filter: /^[\w@/]/ }, ({ path, kind, resolveDir, namespace: from }) => {
        if (from === namespace) return { path, external: true }
        if (kind !== 'require-call' || !names.includes(path)) return null
        return {
          path: isBuiltin(path) ? path : createRequire(join(resolveDir, 'package.json')).resolve(path),
          namespace,
        }
      })
      build.onLoad({ filter: /./, namespace }, ({ path }) => ({
        contents: `module.exports = new Proxy({}, { get: (_, name) => require(${JSON.stringify(path)})[name] })`,
      }))
    },
  }
}

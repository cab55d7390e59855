/**
 * What the commands load, in a few files instead of four hundred, with what oclif would have to find out of them at each start. What runs
 * peers and looks at machines stays outside: `lf node` has a bundle of its own (`peer-bundle.ts`).
 */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { draftOf, filesOf } from './bundle-folder.ts'
import { type BundleParts, bundleName, cachedBundle, packagesAbove } from './cached-bundle.ts'
import { installMarks } from './install-marks.ts'

/** In a bundle: the sources whose change makes it old, folders of commands included; none in a package, which does not change. */
const INPUTS = 'inputs.json'

/** What decides how it is made is not in it. */
const MAKERS = ['src/node/command-bundle', 'src/node/cached-bundle']

/** By oclif, which loads them whatever the command is. */
const RARELY_USED = ['child_process', 'minimatch', 'perf_hooks', 'readline', 'semver', 'tinyglobby'].flatMap(name => [
  name,
  `node:${name}`,
])

/** Of this installation; undefined when it has no packages beside or above it. */
export function commandBundleParts(here = import.meta.url): BundleParts | undefined {
  const file = fileURLToPath(here)
  const ending = extname(file)
  const sources = join(file, '..', '..', '..')
  const isCheckout = ending === '.ts'
  const root = isCheckout ? sources : join(sources, '..')
  const packages = packagesAbove(root)
  if (packages === undefined) return undefined
  const source = (path: string): string => join(sources, `${path}${ending}`)
  const folders = ['cli', 'src', 'protocols'].map(folder => join(sources, folder))
  const pjson = join(root, 'package.json')
  const isOwn = (path: string): boolean => folders.some(folder => path.startsWith(folder + sep))
  return {
    name: 'commands',
    entries: {
      main: source('cli/bundled'),
      // The library that workflows import: the code of a workflow and the command that reads it must be one.
      index: source('src/index'),
      'hooks/command-not-found': source('cli/hooks/command-not-found'),
      'parts/sqlite-thread': source('src/ledger/sqlite/sqlite-thread'),
      ...commandEntries(join(sources, 'cli'), ending),
    },
    // One floor lower: `src/bundle/` finds the library above itself.
    shared: 'parts/',
    sources: folders,
    // A package does not change without what tells what is installed.
    marks: [...(isCheckout ? folders : []), pjson, ...installMarks(packages, pjson)],
    packages,
    moved: ['src/ledger/sqlite', 'src/bundle'].map(folder => join(sources, folder)),
    outside: ['src/node/start-peer', 'src/node/run-local', 'src/node/doctor/doctor'].map(source),
    lazy: RARELY_USED,
    // All else of it is for Windows.
    instead: { 'wsl-utils': "export { default as isWsl } from 'is-wsl'" },
    // The rules of languages for the order of words take a tenth of all to load; ids of commands are in the order of letters by any of them.
    edits: { '@oclif/core/lib/config/plugin.js': ['a.id.localeCompare(b.id)', '(a.id < b.id ? -1 : 1)'] },
    // `bin/lf.js` has looked at the version of Node.js.
    define: { 'process.env.OCLIF_DISABLE_ENGINE_WARNING': '"1"' },
    finish: async (folder, inputs) => {
      const looks = isCheckout
        ? [...inputs.filter(isOwn), ...MAKERS.map(source), ...commandFolders(join(sources, 'cli'))]
        : []
      writeFileSync(join(folder, INPUTS), JSON.stringify(looks))
      await finish(folder, pjson)
    },
  }
}

/**
 * Folder of the bundle, made if need be; its `main.js` runs commands. Throws when it cannot be made. What it is made of is noted for
 * `bin/kept-bundle.js`, by the name that this gives to notes, so that the next command need not come here.
 */
export async function commandBundle(root: string, note: string, parts = commandBundleParts()): Promise<string> {
  if (parts === undefined) throw new Error('there are no packages to make a bundle from')
  const folder = await cachedBundle(parts)
  const files = parts.marks ?? []
  const inputs = JSON.parse(readFileSync(join(folder, INPUTS), 'utf8')) as string[]
  const looks = inputs.length === 0 ? files : [...inputs, ...files.filter(file => statSync(file).isFile())]
  const marks = looks.map(file => [file, statSync(file).size, statSync(file).mtimeMs])
  // What was changed meanwhile is not what is in the bundle.
  if (basename(folder) === bundleName(parts)) {
    const kept = { node: process.version, of: root, folder: basename(folder), files: filesOf(folder), marks }
    keep(join(dirname(folder), note), kept)
  }
  return folder
}

function keep(file: string, kept: object): void {
  const own = draftOf(file)
  try {
    writeFileSync(own, JSON.stringify(kept), { mode: 0o644 })
    renameSync(own, file)
  } catch {
    rmSync(own, { force: true })
  }
}

/** Each command stays a file of its own, at the place where oclif looks for it. */
function commandEntries(cli: string, ending: string): Record<string, string> {
  const files = readdirSync(join(cli, 'commands'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith(ending) && !file.endsWith('.d.ts'))
    .map(file => join(cli, 'commands', file))
  return Object.fromEntries(files.map(file => [relative(cli, file).slice(0, -ending.length), file]))
}

/** A command that is new changes its folder. */
function commandFolders(cli: string): string[] {
  const commands = join(cli, 'commands')
  const entries = readdirSync(commands, { recursive: true, withFileTypes: true })
  return [
    commands,
    ...entries.filter(entry => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name)),
  ]
}

async function finish(folder: string, file: string): Promise<void> {
  const pjson = JSON.parse(readFileSync(file, 'utf8')) as { oclif: { commands: { target: string }; hooks: object } }
  pjson.oclif.commands.target = './commands'
  pjson.oclif.hooks = { command_not_found: './hooks/command-not-found.js' }
  const main = (await import(pathToFileURL(join(folder, 'main.js')).href)) as {
    notePlugins(folder: string, pjson: object): Promise<void>
  }
  await main.notePlugins(folder, pjson)
}

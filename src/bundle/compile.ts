import { isBuiltin } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import type { BuildOptions, Metafile, Plugin } from 'esbuild'
import { compileError, isBuildFailure } from './compile-error.ts'
import { withEsbuild } from './with-esbuild.ts'

export interface Compiled {
  code: Uint8Array
  /** The files that it consists of; null when it is not certain that it always consists of these. */
  sources: string[] | null
}

/** One ES module with everything that `file` imports. Throws `LF_WORKFLOW_COMPILE`, `LF_WORKFLOW_IMPORT`. */
export async function compile(file: string): Promise<Compiled> {
  try {
    const { outputFiles = [], metafile, warnings } = await withEsbuild(({ build }) => build(settings(file)))
    const [output] = outputFiles
    if (output === undefined) throw new Error(`esbuild made nothing of ${file}`)
    return { code: output.contents, sources: warnings.length > 0 ? null : exactSources(file, metafile) }
  } catch (error) {
    if (isBuildFailure(error)) throw compileError(file, error)
    throw error
  }
}

/**
 * When each import names a file by its full path, or something that is never looked for as a file, no other file can take the place of one of
 * them. Of packages, patterns, paths without an ending and paths with a query that is not so.
 */
function exactSources(file: string, { inputs }: Metafile): string[] | null {
  const folder = dirname(file)
  for (const [source, { imports }] of Object.entries(inputs)) {
    for (const { path, kind, original, external } of imports) {
      if (kind !== 'import-statement') return null
      const from = dirname(resolve(folder, source))
      const isExact = original !== undefined && resolve(from, original) === resolve(folder, path)
      const isKnown = external === true ? path === LIBRARY || isBuiltin(path) : isExact && /^\.[^?#]*$/.test(original)
      if (!isKnown) return null
    }
  }
  return Object.keys(inputs).map(source => resolve(folder, source))
}

/** What bundles import it as. */
const LIBRARY = 'lightflow'

function settings(file: string): BuildOptions & { metafile: true } {
  const folder = dirname(file)
  return {
    entryPoints: [file],
    // Every path in the output is relative to this folder: the same sources give the same bytes elsewhere.
    absWorkingDir: folder,
    outfile: join(folder, `${basename(file)}.bundle.mjs`),
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: [LIBRARY],
    // Stacks name the author's lines, as `workflow:scan.ts:12:5`; the text of the sources stays at home.
    sourcemap: 'inline',
    sourcesContent: false,
    sourceRoot: 'workflow:',
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
    logOverride: { 'unsupported-require-call': 'silent' },
    plugins: [refuseUnknownBuiltins],
    banner: { js: REQUIRE_FOR_COMMONJS },
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  }
}

/** CommonJS packages inside of the bundle ask for Node's own modules by `require`, which ES modules lack. */
const REQUIRE_FOR_COMMONJS =
  "import { createRequire as __lightflowCreateRequire } from 'node:module';" +
  'const require = __lightflowCreateRequire(import.meta.url);'

/** esbuild leaves every `node:` import alone; a misspelled one would fail on the peer that loads it. */
const refuseUnknownBuiltins: Plugin = {
  name: 'refuse-unknown-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) =>
      isBuiltin(path) ? null : { errors: [{ text: `Could not resolve "${path}"` }] },
    )
  },
}

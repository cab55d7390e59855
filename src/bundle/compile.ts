import { isBuiltin } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type { BuildOptions, Plugin } from 'esbuild'
import { compileError, isBuildFailure } from './compile-error.ts'
import { withEsbuild } from './with-esbuild.ts'

/** One ES module with everything that `file` imports. Throws `LF_WORKFLOW_COMPILE`, `LF_WORKFLOW_IMPORT`. */
export async function compile(file: string): Promise<Uint8Array> {
  try {
    const { outputFiles = [] } = await withEsbuild(({ build }) => build(settings(file)))
    const [output] = outputFiles
    if (output === undefined) throw new Error(`esbuild made nothing of ${file}`)
    return output.contents
  } catch (error) {
    if (isBuildFailure(error)) throw compileError(file, error)
    throw error
  }
}

function settings(file: string): BuildOptions {
  const folder = dirname(file)
  return {
    entryPoints: [file],
    // Every path in the output is relative to this folder: the same sources give the same bytes elsewhere.
    absWorkingDir: folder,
    outfile: join(folder, `${basename(file)}.bundle.mjs`),
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ['lightflow'],
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

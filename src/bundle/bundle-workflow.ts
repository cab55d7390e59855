/**
 * A workflow's code on its way from an author's file to every peer: one self-contained module, stored under its hash. This room
 * makes bundles and loads them; it runs no task, keeps no files and knows neither ledger nor peers. `node/` bundles at submission,
 * `workers/` load.
 */
import { createHash } from 'node:crypto'
import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { checkName } from '../../protocols/ids.ts'
import { MAX_BUNDLE_BYTES } from '../../protocols/limits.ts'
import { systemClock } from '../core/clock.ts'
import { LightflowError } from '../core/errors.ts'
import { readDescription } from '../workflow/description.ts'
import { compile } from './compile.ts'
import { KeptBundles } from './kept-bundles.ts'

export interface WorkflowBundle {
  /** Stem of the file. */
  readonly name: string
  /** First line of the file's docstring; empty when it has none. */
  readonly description: string
  /** An ES module, UTF-8: needs only `lightflow` and Node itself. */
  readonly code: Uint8Array
  /** SHA-256 of `code` as hexadecimal text. The same sources give the same hash in every folder. */
  readonly hash: string
}

/** Of this process: whoever asks in it asks for the same files. */
const kept = new KeptBundles(systemClock)

/** Endings of files that can be a workflow. */
export const WORKFLOW_FILE_ENDINGS: readonly string[] = ['.ts', '.mts', '.js', '.mjs']

/**
 * Throws `LF_WORKFLOW_NOT_FOUND`, `LF_WORKFLOW_FILE` (a folder, unreadable, another kind of file), `LF_WORKFLOW_COMPILE`,
 * `LF_WORKFLOW_IMPORT` (something that it imports is not there), `LF_WORKFLOW_TOO_LARGE` and `LF_NAME`. Runs nothing of it.
 */
export async function bundleWorkflow(
  path: string,
  { maxBytes = MAX_BUNDLE_BYTES }: { maxBytes?: number } = {},
): Promise<WorkflowBundle> {
  const file = await findFile(path)
  const ending = extname(file)
  if (!WORKFLOW_FILE_ENDINGS.includes(ending)) {
    throw new LightflowError('LF_WORKFLOW_FILE', `A workflow cannot be read from "${path}".`, {
      hint: `Workflow files end with ${WORKFLOW_FILE_ENDINGS.join(', ')}.`,
    })
  }
  const name = checkName('workflow', basename(file, ending))
  const bundle = await kept.of(file, async () => {
    const source = await readSource(path, file)
    const { code, sources } = await compile(file)
    const hash = createHash('sha256').update(code).digest('hex')
    return { bundle: { name, description: readDescription(source), code, hash }, sources }
  })
  const { byteLength } = bundle.code
  if (byteLength > maxBytes) throw tooLarge(path, byteLength, maxBytes)
  return bundle
}

/** The path as the author named it, in a folder without symbolic links: the bundle names its sources relative to that folder. */
async function findFile(path: string): Promise<string> {
  try {
    const file = resolve(path)
    if ((await stat(file)).isFile()) return resolve(await realpath(dirname(file)), basename(file))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw unreadable(path, cause)
    throw new LightflowError('LF_WORKFLOW_NOT_FOUND', `There is no workflow file "${path}".`, {
      hint: 'Name the file with its path, from the folder you are in. `lf workflow list` shows those in the workflow folders.',
      cause,
    })
  }
  throw new LightflowError('LF_WORKFLOW_FILE', `"${path}" is not a file.`, { hint: 'Name the workflow file in it.' })
}

async function readSource(path: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): LightflowError {
  const { code } = cause as NodeJS.ErrnoException
  return new LightflowError('LF_WORKFLOW_FILE', `The workflow file "${path}" cannot be read (${code}).`, {
    hint: 'Check that you may read the file and its folder.',
    cause,
  })
}

function tooLarge(path: string, sizeBytes: number, maxBytes: number): LightflowError {
  const sizes = `${sizeBytes} bytes (limit ${maxBytes})`
  return new LightflowError(
    'LF_WORKFLOW_TOO_LARGE',
    `The workflow "${path}" is too large with its imports: ${sizes}.`,
    {
      hint: 'Read data from files at run time instead of importing it, and import only the parts of packages that you use.',
    },
  )
}

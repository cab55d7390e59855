import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isLightflowError, LightflowError, toErrorRecord, undefinedName } from '../core/errors.ts'
import { didYouMean } from '../workflow/did-you-mean.ts'
import { makeWorkflow } from '../workflow/workflow.ts'
import type { Workflow } from '../workflow/workflow.ts'
import { giveLibrary, giveSource } from './library-hook.ts'

export interface LoadOptions {
  /** Name of the workflow. */
  name: string
  description?: string
  /** Address of the module that `import … from 'lightflow'` means. Default: this installation's own. */
  libraryUrl?: string
}

/**
 * Runs the module in `file` (a bundle) and returns the workflow that it exports. The same file is run once per thread, and gives
 * the same objects again. Errors of the authoring model pass through with their own codes; anything else that the module throws
 * becomes `LF_WORKFLOW_LOAD`, with the author's stack.
 */
export async function loadBundle(
  file: string,
  { name, description = '', libraryUrl = OWN_LIBRARY_URL }: LoadOptions,
): Promise<Workflow> {
  return load(pathToFileURL(file).href, { name, description, libraryUrl })
}

/** The same of a bundle that is in no file. It is run anew each time. */
export async function evaluateBundle(
  code: Uint8Array,
  { name, description = '', libraryUrl = OWN_LIBRARY_URL }: LoadOptions,
): Promise<Workflow> {
  // As if it lay there: a bundle asks where it is, for the modules of Node.js at least. Node.js keeps modules by address, so nobody in the
  // process may ever have had this one, another copy of the library neither.
  const url = pathToFileURL(join(tmpdir(), `lightflow-${randomUUID()}`, `${name}.mjs`)).href
  const takeBack = giveSource(url, code)
  try {
    return await load(url, { name, description, libraryUrl })
  } finally {
    takeBack()
  }
}

/** Loads what every bundle imports, before there is one. */
export async function preloadLibrary(): Promise<void> {
  await import(OWN_LIBRARY_URL)
}

async function load(url: string, { name, description, libraryUrl }: Required<LoadOptions>): Promise<Workflow> {
  giveLibrary(url, libraryUrl)
  let exports: Record<string, unknown>
  try {
    exports = (await import(url)) as Record<string, unknown>
  } catch (error) {
    throw loadError(name, error, Object.keys((await import(libraryUrl)) as object))
  }
  return makeWorkflow(name, exports, description)
}

/** The source when this file is run as source, the built file when it is built. */
const OWN_LIBRARY_URL = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url).href

/** `library`: the names that lightflow exports. */
function loadError(workflow: string, thrown: unknown, library: readonly string[]): LightflowError {
  const { message, stack } = toErrorRecord(thrown)
  const trace = stack ?? (isLightflowError(thrown) ? thrown.stack : undefined)
  const place = placeIn(trace)
  if (isLightflowError(thrown)) {
    const { code, hint, facts } = thrown
    const sentence = place === '' ? message : `${message.replace(/\.$/, '')}${place}.`
    return withStack(new LightflowError(code, sentence, { hint, facts, cause: thrown }), trace)
  }
  const { what, hint } = reasonOf(thrown, message, library)
  const text = `The workflow "${workflow}" ${what}${place}`
  return withStack(new LightflowError('LF_WORKFLOW_LOAD', text, { hint, cause: thrown }), trace)
}

/** The two commonest reasons are said in words of their own. */
function reasonOf(thrown: unknown, message: string, library: readonly string[]): { what: string; hint: string } {
  const misspelt = /'lightflow' does not provide an export named '(.+)'$/.exec(message)?.[1]
  if (misspelt === 'default') {
    const hint = "Name what you need: import { Dag, FunctionTask } from 'lightflow'."
    return { what: 'imports lightflow as a whole, which has no default export', hint }
  }
  if (misspelt !== undefined) {
    const hint = `Check the spelling, and that this version has it. ${didYouMean(misspelt, library)}`
    return { what: `imports ${misspelt} from lightflow, which has nothing of this name`, hint }
  }
  const used = undefinedName(thrown)
  if (used === undefined) {
    const hint = 'The error comes from the workflow file itself: correct it there.'
    return { what: `fails while it is loaded: ${message}`, hint }
  }
  const hint = library.includes(used)
    ? `Import it: import { ${used} } from 'lightflow'.`
    : 'Import it at the top of the file, or correct its spelling.'
  return { what: `uses ${used}, which is neither defined nor imported`, hint }
}

/** The first line of the author's files in a stack. */
function placeIn(stack = ''): string {
  const place = /workflow:([^\s()]+:\d+:\d+)/.exec(stack)?.[1]
  return place === undefined ? '' : ` (${place})`
}

function withStack(error: LightflowError, stack: string | undefined): LightflowError {
  if (stack !== undefined) error.stack = stack
  return error
}

import { pathToFileURL } from 'node:url'
import { isLightflowError, LightflowError, toErrorRecord } from '../core/errors.ts'
import { makeWorkflow } from '../workflow/workflow.ts'
import type { Workflow } from '../workflow/workflow.ts'
import { giveLibrary } from './library-hook.ts'

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
  const url = pathToFileURL(file).href
  giveLibrary(url, libraryUrl)
  let exports: Record<string, unknown>
  try {
    exports = (await import(url)) as Record<string, unknown>
  } catch (error) {
    throw loadError(name, error)
  }
  return makeWorkflow(name, exports, description)
}

/** The source when this file is run as source, the built file when it is built. */
const OWN_LIBRARY_URL = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url).href

function loadError(workflow: string, thrown: unknown): LightflowError {
  const { message, stack } = toErrorRecord(thrown)
  const trace = stack ?? (isLightflowError(thrown) ? thrown.stack : undefined)
  const place = placeIn(trace)
  if (isLightflowError(thrown)) {
    const { code, hint, facts } = thrown
    return withStack(new LightflowError(code, `${message}${place}`, { hint, facts, cause: thrown }), trace)
  }
  const hint = message.includes("'lightflow' does not provide an export")
    ? 'Check the spelling of what is imported from lightflow, and that this version has it.'
    : 'The error comes from the workflow file itself: correct it there.'
  const text = `The workflow "${workflow}" fails while it is loaded: ${message}${place}`
  return withStack(new LightflowError('LF_WORKFLOW_LOAD', text, { hint, cause: thrown }), trace)
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

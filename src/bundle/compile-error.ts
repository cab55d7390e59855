import { isBuiltin } from 'node:module'
import { dirname, relative } from 'node:path'
import type { BuildFailure, Location, Message } from 'esbuild'
import { LightflowError } from '../core/errors.ts'

export function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as { errors?: unknown }).errors)
}

/** The first thing that is wrong, by file, line and column, with the line itself; and how many more there are. */
export function compileError(file: string, failure: BuildFailure): LightflowError {
  const [first, ...more] = failure.errors
  if (first === undefined) return new LightflowError('LF_WORKFLOW_COMPILE', failure.message, { cause: failure })
  const place = first.location === null ? relative(dirname(file), file) : placeOf(first.location)
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`
  const facts = factsOf(first)
  if (missingImport(first) !== undefined) return importError(failure)
  const message = `The workflow does not compile: ${place}: ${first.text}${others}${sourceOf(first.location)}`
  return new LightflowError('LF_WORKFLOW_COMPILE', message, { hint: compileHint(first), cause: failure, facts })
}

const UNRESOLVED = /^Could not resolve "(.*)"$/s

function missingImport({ text }: Message): string | undefined {
  return UNRESOLVED.exec(text)?.[1]
}

/** Named in one message: whoever installs one package installs the others too. */
const MAX_IMPORTS_NAMED = 5

/** All that was not found, and where it is imported. */
function importError(failure: BuildFailure): LightflowError {
  const missing = failure.errors.flatMap(message => {
    const name = missingImport(message)
    return name === undefined
      ? []
      : [{ name, place: message.location === null ? '' : ` (${placeOf(message.location)})` }]
  })
  const named = missing.slice(0, MAX_IMPORTS_NAMED)
  const list = named.map(({ name, place }) => `"${name}"${place}`).join(' and ')
  const more = missing.length > named.length ? ` and ${missing.length - named.length} more` : ''
  const message = `The workflow imports ${list}${more}, which ${missing.length === 1 ? 'was' : 'were'} not found.`
  const hint = Array.from(new Set(named.map(({ name }) => importHint(name)))).join(' ')
  const [first] = failure.errors
  const facts = { ...(first === undefined ? {} : factsOf(first)), import: named[0]?.name }
  return new LightflowError('LF_WORKFLOW_IMPORT', message, { hint, cause: failure, facts })
}

function importHint(name: string): string {
  if (/^\.{0,2}\//.test(name))
    return 'Check the path: it is taken from the file that imports it, and written with its ending.'
  const [first = name, second] = name.split('/')
  const packageName = first.startsWith('@') && second !== undefined ? `${first}/${second}` : first
  if (isBuiltin(packageName) || name.startsWith('node:')) return 'Node.js has no such module: check the spelling.'
  return `Install it where the workflow is: npm install ${packageName}`
}

function compileHint({ text }: Message): string {
  if (!text.startsWith('No loader is configured')) return 'Correct the line and try again.'
  return 'Workflows can import code and JSON. Native add-ons and other files are opened at run time, by their path.'
}

/** Columns count from 1, as editors do. */
function placeOf({ file, line, column }: Location): string {
  return `${file}:${line}:${column + 1}`
}

function factsOf({ location }: Message): Record<string, unknown> {
  return location === null ? {} : { file: location.file, line: location.line, column: location.column + 1 }
}

/** Longer lines (generated code) are left out. */
const MAX_SOURCE_LINE_CHARS = 200

function sourceOf(location: Location | null): string {
  if (location === null || location.lineText === '' || location.lineText.length > MAX_SOURCE_LINE_CHARS) return ''
  const gutter = `${location.line} | `
  const before = location.lineText.slice(0, location.column).replaceAll(/[^\t]/g, ' ')
  return `\n  ${gutter}${location.lineText}\n  ${' '.repeat(gutter.length)}${before}^`
}

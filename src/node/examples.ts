/** The examples that come with Lightflow: what there is, and copies of them to begin with. */
import { cp, mkdir, readdir, readFile } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { hasCode, LightflowError } from '../core/errors.ts'
import { readDescription } from '../workflow/description.ts'
import { didYouMean } from '../workflow/did-you-mean.ts'
import { findWorkflowFiles } from './find-workflows.ts'
import { ownPackage } from './package-root.ts'
import type { ExampleCopyView, ExampleView } from './views.ts'

export async function listExamples(): Promise<ExampleView[]> {
  const files = await findWorkflowFiles([examplesFolder()])
  return Promise.all(
    files.map(async file => {
      const name = basename(file, extname(file))
      return { name, description: readDescription(await readFile(file, 'utf8')), file }
    }),
  )
}

export interface CopyExamplesOptions {
  /** Default: all. */
  names?: readonly string[]
  /** Overwrite files that are there and differ. Default false: nothing is copied then. */
  force?: boolean
}

/**
 * Copies examples into a folder, which is made when it is missing: a file each, or a folder. `LF_UNKNOWN_EXAMPLE`, `LF_EXAMPLES_EXIST` when
 * files are there that differ (nothing is copied then), `LF_EXAMPLES_COPY` when the folder cannot be written.
 */
export async function copyExamples(
  folder: string,
  { names, force = false }: CopyExamplesOptions = {},
): Promise<ExampleCopyView> {
  const target = resolve(folder)
  const from = examplesFolder()
  const examples = chosen(await listExamples(), names)
  const files = (await Promise.all(examples.map(({ file }) => filesOf(from, file)))).flat()
  try {
    const changed = await differing(from, target, files)
    if (changed.length > 0 && !force) throw alreadyThere(target, changed)
    for (const file of files) {
      await mkdir(dirname(join(target, file)), { recursive: true })
      await cp(join(from, file), join(target, file))
    }
    return { folder: target, examples: examples.map(({ name }) => name), files, overwritten: changed }
  } catch (cause) {
    if (hasCode(cause, 'LF_EXAMPLES_EXIST')) throw cause
    const { code } = cause as NodeJS.ErrnoException
    throw new LightflowError('LF_EXAMPLES_COPY', `The examples cannot be copied to ${target} (${code}).`, {
      hint: 'Name a folder that you may write to.',
      cause,
    })
  }
}

function examplesFolder(): string {
  const own = ownPackage()
  if (own !== undefined) return join(own.folder, 'examples')
  throw new LightflowError('LF_NO_EXAMPLES', 'This Lightflow was installed without its examples.', {
    hint: 'Install the package lightflow as a whole.',
  })
}

function chosen(all: readonly ExampleView[], names: readonly string[] = []): ExampleView[] {
  if (names.length === 0) return [...all]
  return [...new Set(names)].map(name => {
    const found = all.find(example => example.name === name)
    if (found !== undefined) return found
    throw new LightflowError('LF_UNKNOWN_EXAMPLE', `There is no example "${name}".`, {
      hint: didYouMean(
        name,
        all.map(example => example.name),
      ),
    })
  })
}

/** Relative to the folder of the examples: the file alone, or all of its folder when it has one to itself. */
async function filesOf(from: string, file: string): Promise<string[]> {
  if (dirname(file) === from) return [relative(from, file)]
  const entries = await readdir(dirname(file), { withFileTypes: true, recursive: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => relative(from, join(entry.parentPath, entry.name)))
    .sort()
}

async function differing(from: string, target: string, files: readonly string[]): Promise<string[]> {
  const changed: string[] = []
  for (const file of files) {
    const there = await readFile(join(target, file)).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    })
    if (there !== undefined && !there.equals(await readFile(join(from, file)))) changed.push(file)
  }
  return changed
}

const MAX_NAMED = 5

function alreadyThere(target: string, changed: readonly string[]): LightflowError {
  const named = changed.slice(0, MAX_NAMED).join(', ')
  const more = changed.length > MAX_NAMED ? ` and ${changed.length - MAX_NAMED} more` : ''
  const message = `In ${target} there are files of the same names with other contents: ${named}${more}.`
  return new LightflowError('LF_EXAMPLES_EXIST', message, {
    hint: 'Nothing was copied. Name another folder, or overwrite them with --force.',
    facts: { folder: target, files: changed },
  })
}

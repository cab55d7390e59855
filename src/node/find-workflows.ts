/** Finds workflow files by name: `NAME.ts` in a folder, or `NAME/NAME.ts` below it. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { LightflowError } from '../core/errors.ts'

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs']
/** Files looked at in one folder. */
const MAX_FILES_PER_FOLDER = 1000

/** Every file that imports lightflow, sorted by name. Folders that do not exist are empty. */
export async function findWorkflowFiles(folders: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const folder of folders) {
    for (const entry of await list(folder)) {
      const file = entry.isDirectory() ? await sameNameIn(join(folder, entry.name)) : join(folder, entry.name)
      if (file !== undefined && EXTENSIONS.includes(extname(file)) && (await importsLightflow(file))) found.push(file)
    }
  }
  return found.sort((a, b) => workflowName(a).localeCompare(workflowName(b), 'en'))
}

function workflowName(file: string): string {
  return basename(file, extname(file))
}

/** The file that `nameOrFile` means: a path when it looks like one, else a name in the folders. `LF_WORKFLOW_NOT_FOUND`. */
export async function resolveWorkflow(nameOrFile: string, folders: readonly string[]): Promise<string> {
  const looksLikePath = nameOrFile.includes('/') || EXTENSIONS.includes(extname(nameOrFile))
  if (looksLikePath) return resolve(nameOrFile)
  const files = await findWorkflowFiles(folders)
  const file = files.find(candidate => workflowName(candidate) === nameOrFile)
  if (file !== undefined) return file
  const names = files.map(workflowName)
  throw new LightflowError('LF_WORKFLOW_NOT_FOUND', `There is no workflow named "${nameOrFile}".`, {
    hint:
      names.length === 0
        ? `No workflows were found in ${folders.join(', ')}. Give the path of a file, or set LF_WORKFLOWS to your folder.`
        : `Known here: ${names.slice(0, 12).join(', ')}. Give one of these, the path of a file, or set LF_WORKFLOWS.`,
    facts: { folders },
  })
}

async function list(folder: string): Promise<{ name: string; isDirectory(): boolean }[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).slice(0, MAX_FILES_PER_FOLDER)
  } catch {
    return []
  }
}

async function sameNameIn(folder: string): Promise<string | undefined> {
  for (const extension of EXTENSIONS) {
    const file = join(folder, `${basename(folder)}${extension}`)
    if ((await stat(file).catch(() => undefined))?.isFile() === true) return file
  }
  return undefined
}

async function importsLightflow(file: string): Promise<boolean> {
  try {
    return /from\s+['"]lightflow['"]/.test(await readFile(file, 'utf8'))
  } catch {
    return false
  }
}

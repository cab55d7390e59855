/** Checks the import rule on this checkout. `node scripts/check-imports.ts`; exit code 1 when a file breaks it. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findViolations } from './import-rule.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['src', 'protocols', 'cli', 'examples']

const files = await readFiles()
const violations = findViolations(files)
for (const { file, line, message } of violations) console.error(`${file}:${line}: ${message}`)
console.log(`import rule: ${files.size} files, ${violations.length} against it`)
process.exitCode = violations.length === 0 ? 0 : 1

async function readFiles(): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const folder of FOLDERS) {
    const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile() && path.endsWith('.ts')) {
        found.set(path.slice(ROOT.length).replaceAll('\\', '/'), await readFile(path, 'utf8'))
      }
    }
  }
  return found
}

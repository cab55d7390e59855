/**
 * Loaded into a peer by `--import`: counts the commands that its MongoDB driver sends and writes the counts into the file
 * `$LF_COUNT_FOLDER/<pid>.json` at SIGUSR2.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { countCommands } from './sent-commands.ts'

const folder = process.env['LF_COUNT_FOLDER']

if (isMainThread && folder !== undefined) {
  const counts = countCommands()
  const file = join(folder, `${process.pid}.json`)
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.new`, JSON.stringify(counts))
    renameSync(`${file}.new`, file)
  })
}

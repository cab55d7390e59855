/**
 * Loaded into a peer by `--import`: counts the commands that its MongoDB driver sends, by name, and writes the counts into the file
 * `$LF_COUNT_FOLDER/<pid>.json` at SIGUSR2. The driver's own monitoring tells of them; what it sends for itself is not counted.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { MongoClient } from 'mongodb'

const folder = process.env['LF_COUNT_FOLDER']
const OWN = new Set(['hello', 'ping', 'endSessions', 'isMaster', 'ismaster'])
const counts: Record<string, number> = {}

if (isMainThread && folder !== undefined) {
  const connect: (this: MongoClient) => Promise<MongoClient> = Reflect.get(MongoClient.prototype, 'connect')
  MongoClient.prototype.connect = function counted(this: MongoClient): Promise<MongoClient> {
    // Public in what it does, though its type leaves it out.
    Object.assign(this, { monitorCommands: true })
    this.on('commandStarted', ({ commandName }) => {
      if (!OWN.has(commandName)) counts[commandName] = (counts[commandName] ?? 0) + 1
    })
    return connect.call(this)
  }
  const file = join(folder, `${process.pid}.json`)
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.new`, JSON.stringify(counts))
    renameSync(`${file}.new`, file)
  })
}

/**
 * Loaded into a peer by `--import`: counts the commands that its MongoDB driver sends and writes the counts into the file
 * `$LF_COUNT_FOLDER/<pid>.json` at SIGUSR2. A command is counted under its name, its collection and what it asks for, such as
 * `find tasks todo`. The driver's own monitoring tells of them; what it sends for itself is not counted.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { MongoClient } from 'mongodb'

type Command = Record<string, unknown>

const folder = process.env['LF_COUNT_FOLDER']
const OWN = new Set(['hello', 'ping', 'endSessions', 'isMaster', 'ismaster'])
const counts: Record<string, number> = {}

if (isMainThread && folder !== undefined) {
  const connect: (this: MongoClient) => Promise<MongoClient> = Reflect.get(MongoClient.prototype, 'connect')
  MongoClient.prototype.connect = function counted(this: MongoClient): Promise<MongoClient> {
    // Public in what it does, though its type leaves it out.
    Object.assign(this, { monitorCommands: true })
    this.on('commandStarted', ({ commandName, command }) => {
      if (OWN.has(commandName)) return
      const key = keyOf(commandName, command)
      counts[key] = (counts[key] ?? 0) + 1
    })
    return connect.call(this)
  }
  const file = join(folder, `${process.pid}.json`)
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.new`, JSON.stringify(counts))
    renameSync(`${file}.new`, file)
  })
}

/** Of a write of several statements, what its first one asks for. */
function keyOf(name: string, command: Command): string {
  const [statement] = (command['updates'] ?? command['deletes'] ?? []) as Command[]
  const [stage] = (command['pipeline'] ?? []) as Command[]
  const asked = (command['filter'] ?? command['query'] ?? statement?.['q'] ?? stage?.['$match'] ?? {}) as Command
  const collection = name === 'getMore' ? command['collection'] : command[name]
  const fields = Object.keys(asked).toSorted().join(',')
  const change = changeOf(name, statement)
  return [name, String(collection), fields, change].filter(part => part !== '').join(' ')
}

function changeOf(name: string, statement: Command | undefined): string {
  if (name !== 'update' || statement === undefined) return ''
  const change = statement['u'] as Command
  const operators = Object.keys(change).filter(key => key.startsWith('$'))
  return operators.length === 0 ? `= ${String(change['state'])}` : operators.join(',')
}

/** What the MongoDB drivers of this process send. */
import { MongoClient } from 'mongodb'

type Command = Record<string, unknown>

/** What the driver sends for itself. */
const OWN = new Set(['hello', 'ping', 'endSessions', 'isMaster', 'ismaster'])

/**
 * Counts from now on, of clients that connect after this. A command is counted under its name, its collection and what it asks for, such as
 * `find tasks todo`.
 */
export function countCommands(): Record<string, number> {
  const counts: Record<string, number> = {}
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
  return counts
}

/** Of a write of several statements, what the first one that replaces a document asks for, or else the first one. */
function keyOf(name: string, command: Command): string {
  const statements = (command['updates'] ?? command['deletes'] ?? []) as Command[]
  const statement = statements.find(({ u }) => operatorsOf(u as Command | undefined).length === 0) ?? statements[0]
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
  const operators = operatorsOf(change)
  return operators.length === 0 ? `= ${String(change['state'])}` : operators.join(',')
}

function operatorsOf(change: Command = {}): string[] {
  return Object.keys(change).filter(key => key.startsWith('$'))
}

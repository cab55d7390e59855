import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'

/** A database of its own on that server, made by whoever writes into it. */
export function temporaryDatabase(server: string): { uri: string; drop: () => Promise<void> } {
  const name = `lf_test_${randomBytes(6).toString('hex')}`
  const uri = withDatabase(server, name)
  return {
    uri,
    drop: () => drop(uri, name),
  }
}

const MAX_TRIES = 20
const PAUSE_MS = 250

/** Its servers may be failing: the driver repeats a command once. */
async function drop(uri: string, name: string): Promise<void> {
  const client = new MongoClient(uri)
  try {
    for (let tries = 1; !(await isDropped(client, name, tries)); tries++) await sleep(PAUSE_MS)
  } finally {
    await client.close()
  }
}

async function isDropped(client: MongoClient, name: string, tries: number): Promise<boolean> {
  try {
    return await client.db(name).dropDatabase()
  } catch (error) {
    if (tries >= MAX_TRIES) throw error
    return false
  }
}

function withDatabase(uri: string, name: string): string {
  const [start = '', query] = uri.split('?', 2)
  const hosts = start.replace(/^(mongodb(?:\+srv)?:\/\/[^/]+)(?:\/.*)?$/, '$1')
  return `${hosts}/${name}${query === undefined ? '' : `?${query}`}`
}

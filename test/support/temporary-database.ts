import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'

/** A database of its own on that server, made by whoever writes into it. */
export function temporaryDatabase(server: string): { uri: string; drop: () => Promise<void> } {
  const name = `lf_test_${randomBytes(6).toString('hex')}`
  const uri = withDatabase(server, name)
  return {
    uri,
    drop: async () => {
      const client = new MongoClient(uri)
      try {
        await client.db(name).dropDatabase()
      } finally {
        await client.close()
      }
    },
  }
}

function withDatabase(uri: string, name: string): string {
  const [start = '', query] = uri.split('?', 2)
  const hosts = start.replace(/^(mongodb(?:\+srv)?:\/\/[^/]+)(?:\/.*)?$/, '$1')
  return `${hosts}/${name}${query === undefined ? '' : `?${query}`}`
}

import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'

/** Any replica set; without it these suites say that they did not run. */
export const MONGODB_URI = process.env['LF_TEST_MONGODB_URI']

if (MONGODB_URI === undefined) {
  process.stdout.write('  MongoDB: not tested, since LF_TEST_MONGODB_URI names no replica set\n')
}

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

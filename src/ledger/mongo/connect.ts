/** The way to the server: checked connection string, two clients, and a look at what kind of server it is. */
import { MongoClient, ReadConcern, type Db, type DbOptions, type MongoClientOptions } from 'mongodb'
import type { Log } from '../../core/log.ts'
import { explain, sharded, standalone, tiedToOne, unjournaled, unusable } from './connect-errors.ts'
import { isAuthentication, isUnsupported, safe } from './mongo-errors.ts'
import {
  CONNECT_MS,
  FIRST_CONTACT_MS,
  HEARTBEAT_MS,
  MAX_BEAT_CONNECTIONS,
  MAX_CONNECTIONS,
  SERVER_SELECTION_MS,
  SOCKET_SILENCE_MS,
} from './mongo-limits.ts'

/** Of the database, when the connection string names none. */
const DEFAULT_DATABASE = 'lightflow'
/** Fewer members that hold data cannot lose one and go on. */
const MIN_DATA_MEMBERS = 3

export interface Connection {
  db: Db
  /** The same database over connections of their own (R12). */
  beats: Db
  close(): Promise<void>
}

/**
 * Never to be changed by a connection string. The driver mixes `journal`, `wtimeoutMS` and `readConcernLevel` of the string with the options
 * of a client, so these are given to the database, where nothing is mixed in.
 *
 * Durable where a majority is, read where writes are decided (R2). Reads are local: majority reads would be older than what this very
 * process has written, for a moment after each election. What a local read shows may be rolled back; where that matters it is looked at
 * again by a linearizable one.
 */
const DURABLE: DbOptions = {
  writeConcern: { w: 'majority', journal: true },
  readConcern: new ReadConcern('local'),
  readPreference: 'primary',
}
const DRIVER: MongoClientOptions = {
  readPreference: 'primary',
  retryWrites: true,
  retryReads: true,
  ignoreUndefined: true,
  promoteBuffers: true,
}

/**
 * What the connection string says of these wins. Commands are bounded by `maxTimeMS`, by the silence of their socket and by our own limit
 * (`Answers`): the driver's `timeoutMS` has no effect since 7.9.
 */
const TUNING: MongoClientOptions = {
  appName: 'lightflow',
  connectTimeoutMS: CONNECT_MS,
  serverSelectionTimeoutMS: FIRST_CONTACT_MS,
  socketTimeoutMS: SOCKET_SILENCE_MS,
  heartbeatFrequencyMS: HEARTBEAT_MS,
  maxPoolSize: MAX_CONNECTIONS,
  waitQueueTimeoutMS: SERVER_SELECTION_MS,
}
const BEAT_TUNING: MongoClientOptions = {
  ...TUNING,
  appName: 'lightflow-beats',
  maxPoolSize: MAX_BEAT_CONNECTIONS,
  serverSelectionTimeoutMS: SERVER_SELECTION_MS,
}

/**
 * `LF_LEDGER_URL`, `LF_LEDGER_UNREACHABLE`, `LF_LEDGER_AUTH`, `LF_LEDGER_STANDALONE`, `LF_LEDGER_UNSUITABLE`; nothing stays open then.
 */
export async function connect(uri: string, log: Log): Promise<Connection> {
  const client = makeClient(uri, TUNING)
  const beats = makeClient(uri, BEAT_TUNING)
  const close = async () => {
    await Promise.all([client.close(), beats.close()])
  }
  try {
    await client.connect()
    await checkServer(client, uri, log)
    return { db: databaseOf(client, uri), beats: databaseOf(beats, uri), close }
  } catch (error) {
    await close()
    throw explain(error, uri)
  }
}

function makeClient(uri: string, tuning: MongoClientOptions): MongoClient {
  const given = new Set(Array.from(uri.matchAll(/[?&]([a-z]+)=/gi), ([, name]) => name?.toLowerCase()))
  const ours = Object.entries(tuning).filter(([name]) => !given.has(name.toLowerCase()))
  try {
    return new MongoClient(uri, { ...Object.fromEntries(ours), ...DRIVER })
  } catch (error) {
    throw unusable(error, uri)
  }
}

function databaseOf(client: MongoClient, uri: string): Db {
  // The driver takes "test" when none was named, which cannot be told from one of that name afterwards.
  const isNamed = /^[^:]+:\/\/[^/?]*\/[^?]/.test(uri)
  return client.db(isNamed ? undefined : DEFAULT_DATABASE, DURABLE)
}

interface Hello {
  setName?: string
  msg?: string
  hosts?: string[]
  /** Members that hold data and are never primary. */
  passives?: string[]
  arbiters?: string[]
}

/** A replica set is demanded (R1): on a single server, writes can be rolled back and are not repeated. */
async function checkServer(client: MongoClient, uri: string, log: Log): Promise<void> {
  const hello = (await client.db('admin').command({ hello: 1 })) as Hello
  const { setName, msg, hosts = [], passives = [], arbiters = [] } = hello
  if (msg === 'isdbgrid') throw sharded()
  if (setName === undefined) throw standalone()
  if (client.options.directConnection && hosts.length > 1) throw tiedToOne(uri)
  if (arbiters.length > 0) {
    log.warn('this replica set has arbiters: with one data member down no write is confirmed, and every peer waits', {
      arbiters,
    })
  }
  if (hosts.length + passives.length < MIN_DATA_MEMBERS) {
    log.warn('this replica set has fewer than three members that hold data: when one is down, every peer waits', {
      members: [...hosts, ...passives],
    })
  }
  await checkJournal(client, log)
}

async function checkJournal(client: MongoClient, log: Log): Promise<void> {
  try {
    const { config } = (await client.db('admin').command({ replSetGetConfig: 1 })) as {
      config?: { writeConcernMajorityJournalDefault?: boolean }
    }
    if (config?.writeConcernMajorityJournalDefault === false) throw unjournaled()
  } catch (error) {
    // An ordinary user may not look at it; then the default, true, is assumed.
    if (!isAuthentication(error) && !isUnsupported(error)) throw error
    log.debug('the configuration of the replica set cannot be read', { error: safe(error) })
  }
}

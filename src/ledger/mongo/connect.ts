/** The way to the server: checked connection string, two clients, and a look at what kind of server it is. */
import { MongoClient, type Db, type MongoClientOptions } from 'mongodb'
import { LightflowError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { isAuthentication, isUnsupported, messageOf, notAllowed, safe, unavailable } from './mongo-errors.ts'
import {
  CONNECT_MS,
  FIRST_CONTACT_MS,
  HEARTBEAT_MS,
  MAX_BEAT_CONNECTIONS,
  MAX_CONNECTIONS,
  SERVER_SELECTION_MS,
  SOCKET_SILENCE_MS,
} from './mongo-limits.ts'
import { redact } from './redact.ts'

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

/** Never to be changed by a connection string. */
const DURABLE: MongoClientOptions = {
  // Durable where a majority is, read where writes are decided (R2).
  writeConcern: { w: 'majority', journal: true },
  readPreference: 'primary',
  retryWrites: true,
  retryReads: true,
  ignoreUndefined: true,
  promoteBuffers: true,
}

/** What the connection string says of these wins. */
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
    await checkServer(client, log)
    return { db: databaseOf(client), beats: databaseOf(beats), close }
  } catch (error) {
    await close()
    throw explain(error, uri)
  }
}

function makeClient(uri: string, tuning: MongoClientOptions): MongoClient {
  const given = new Set(Array.from(uri.matchAll(/[?&]([a-z]+)=/gi), ([, name]) => name?.toLowerCase()))
  const ours = Object.entries(tuning).filter(([name]) => !given.has(name.toLowerCase()))
  try {
    return new MongoClient(uri, { ...Object.fromEntries(ours), ...DURABLE })
  } catch (error) {
    throw new LightflowError(
      'LF_LEDGER_URL',
      `"${redact(uri)}" is not a usable MongoDB connection string: ${messageOf(error)}.`,
      {
        hint: 'Write mongodb://user:password@host1,host2,host3/database?replicaSet=name; special characters in a password are percent-encoded.',
        cause: safe(error),
      },
    )
  }
}

function databaseOf(client: MongoClient): Db {
  // "test" is what the driver takes when none was named.
  const named = client.db().databaseName
  return client.db(named === 'test' ? DEFAULT_DATABASE : named)
}

interface Hello {
  setName?: string
  msg?: string
  hosts?: string[]
  arbiters?: string[]
}

/** A replica set is demanded (R1): on a single server, writes can be rolled back and are not repeated. */
async function checkServer(client: MongoClient, log: Log): Promise<void> {
  const { setName, msg, hosts = [], arbiters = [] } = (await client.db('admin').command({ hello: 1 })) as Hello
  if (msg === 'isdbgrid') throw sharded()
  if (setName === undefined) throw standalone()
  if (arbiters.length > 0) {
    log.warn('this replica set has arbiters: with one data member down no write is confirmed, and every peer waits', {
      arbiters,
    })
  }
  if (hosts.length < MIN_DATA_MEMBERS) {
    log.warn('this replica set has fewer than three members that hold data: when one is down, every peer waits', {
      hosts,
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

function explain(error: unknown, uri: string): unknown {
  if (error instanceof LightflowError) return error
  if (isAuthentication(error)) return notAllowed(error)
  if (error instanceof Error && error.name === 'MongoServerSelectionError') return unreachable(error, uri)
  if (error instanceof Error && /^Mongo(Network|Parse|InvalidArgument|API)/.test(error.name))
    return unreachable(error, uri)
  return error instanceof Error && (error as { code?: unknown }).code !== undefined
    ? unreachable(error, uri)
    : unavailable(error)
}

function unreachable(error: Error, uri: string): LightflowError {
  // The reason of a failed selection is in the last look at each server.
  const inner = innerMessages(error)
  if (inner.some(text => /authentication failed|auth(entication)? required/i.test(text))) return notAllowed(error)
  const reason = inner[0] === undefined ? messageOf(error) : redact(inner[0])
  return new LightflowError('LF_LEDGER_UNREACHABLE', `No MongoDB server answers at ${redact(uri)}: ${reason}.`, {
    hint: 'Check host names, ports and replicaSet of the connection string, whether the servers run and have a primary, and for TLS the certificates (tls, tlsCAFile).',
    cause: safe(error),
  })
}

function innerMessages(error: Error): string[] {
  const servers = (error as { reason?: { servers?: ReadonlyMap<string, { error?: Error | null }> } }).reason?.servers
  return Array.from(servers?.values() ?? []).flatMap(({ error }) => (error ? [messageOf(error)] : []))
}

function standalone(): LightflowError {
  return new LightflowError('LF_LEDGER_STANDALONE', 'This MongoDB server is not a member of a replica set.', {
    hint: 'Lightflow needs one, so that nothing acknowledged is lost: start mongod with --replSet lf and run rs.initiate() once; three members are advised.',
  })
}

function sharded(): LightflowError {
  return new LightflowError(
    'LF_LEDGER_UNSUITABLE',
    'This is a sharded MongoDB cluster, which Lightflow does not support.',
    {
      hint: 'Give the connection string of a replica set.',
    },
  )
}

function unjournaled(): LightflowError {
  return new LightflowError(
    'LF_LEDGER_UNSUITABLE',
    'This replica set confirms writes before they are in the journal.',
    {
      hint: 'Set writeConcernMajorityJournalDefault to true in the configuration of the replica set: without it acknowledged work can be lost.',
    },
  )
}

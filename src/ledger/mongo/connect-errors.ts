/** Why a connection to MongoDB was not made, in words that say what to do. */
import { LightflowError } from '../../core/errors.ts'
import { isAuthentication, messageOf, notAllowed, safe, unavailable } from './mongo-errors.ts'
import { redact } from './redact.ts'

export function explain(error: unknown, uri: string): unknown {
  if (error instanceof LightflowError) return error
  if (isAuthentication(error)) return notAllowed(error)
  if (error instanceof Error && error.name === 'MongoServerSelectionError') return unreachable(error, uri)
  if (error instanceof Error && (/^Mongo(Parse|InvalidArgument|API)/.test(error.name) || isOfFile(error)))
    return unusable(error, uri)
  if (error instanceof Error && error.name.startsWith('MongoNetwork')) return unreachable(error, uri)
  return error instanceof Error && (error as { code?: unknown }).code !== undefined
    ? unreachable(error, uri)
    : unavailable(error)
}

/** A certificate that the connection string names. */
function isOfFile(error: Error): boolean {
  return (error as { syscall?: unknown }).syscall === 'open'
}

function unreachable(error: Error, uri: string): LightflowError {
  // The reason of a failed selection is in the last look at each server.
  const servers = serversOf(error)
  const inner = Array.from(servers?.values() ?? []).flatMap(({ error }) => (error ? [messageOf(error)] : []))
  if (inner.some(text => /authentication failed|auth(entication)? required/i.test(text))) return notAllowed(error)
  // The driver forgets servers that are no members of the set that the connection string names.
  if (servers?.size === 0) return otherSet(error, uri)
  const reason = inner[0] === undefined ? messageOf(error) : redact(inner[0])
  return new LightflowError('LF_LEDGER_UNREACHABLE', `No MongoDB server answers at ${redact(uri)}: ${reason}.`, {
    hint: 'Check host names, ports and replicaSet of the connection string, whether the servers run and have a primary, and for TLS the certificates (tls, tlsCAFile).',
    cause: safe(error),
  })
}

type Servers = ReadonlyMap<string, { error?: Error | null }>

function serversOf(error: Error): Servers | undefined {
  return (error as { reason?: { servers?: Servers } }).reason?.servers
}

function otherSet(error: Error, uri: string): LightflowError {
  const message = `Servers answer at ${redact(uri)}, but none of them is a member of the replica set that replicaSet names.`
  return new LightflowError('LF_LEDGER_UNREACHABLE', message, {
    hint: 'Ask one of them for its setName (`db.hello()` in mongosh); a single server has none and must be started with --replSet.',
    cause: safe(error),
  })
}

export function tiedToOne(uri: string): LightflowError {
  return new LightflowError('LF_LEDGER_URL', `"${redact(uri)}" ties Lightflow to one member of a replica set.`, {
    hint: 'Leave out directConnection=true and name the members and replicaSet: otherwise nothing is found any more when another one becomes primary.',
  })
}

export function standalone(): LightflowError {
  return new LightflowError('LF_LEDGER_STANDALONE', 'This MongoDB server is not a member of a replica set.', {
    hint: 'Lightflow needs one, so that nothing acknowledged is lost: start mongod with --replSet lf and run rs.initiate() once; three members are advised.',
  })
}

export function sharded(): LightflowError {
  return new LightflowError(
    'LF_LEDGER_UNSUITABLE',
    'This is a sharded MongoDB cluster, which Lightflow does not support.',
    {
      hint: 'Give the connection string of a replica set.',
    },
  )
}

export function unjournaled(): LightflowError {
  return new LightflowError(
    'LF_LEDGER_UNSUITABLE',
    'This replica set confirms writes before they are in the journal.',
    {
      hint: 'Set writeConcernMajorityJournalDefault to true in the configuration of the replica set: without it acknowledged work can be lost.',
    },
  )
}

export function unusable(error: unknown, uri: string): LightflowError {
  const message = `"${redact(uri)}" is not a usable MongoDB connection string: ${messageOf(error)}.`
  return new LightflowError('LF_LEDGER_URL', message, {
    hint: 'Write mongodb://user:password@host1,host2,host3/database?replicaSet=name; special characters in a password are percent-encoded.',
    cause: safe(error),
  })
}

/** Where things are: the home folder, the ledger and the files beside it. Pure: environment and folders are passed in. */
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { LightflowError } from '../core/errors.ts'

export interface Environment {
  readonly [name: string]: string | undefined
}

export type LedgerLocation = SqliteLocation | MongoLocation

export interface SqliteLocation {
  kind: 'sqlite'
  /** Absolute path of the ledger file. */
  path: string
}

export interface MongoLocation {
  kind: 'mongodb'
  /** The connection string as it was given. Holds secrets: {@link describeLedger} is for showing. */
  uri: string
  /** Where this host keeps what belongs to this ledger. */
  home: string
}

export function resolveHome(given: string | undefined, env: Environment): string {
  const chosen = given ?? env['LF_HOME'] ?? ''
  return resolve(chosen === '' ? envPaths('lightflow', { suffix: '' }).data : chosen)
}

/** `sqlite:PATH`; a bare path means the same. `mongodb://…` or `mongodb+srv://…`: a replica set. */
export function resolveLedger(given: string | undefined, env: Environment, home: string): LedgerLocation {
  const text = given ?? env['LF_LEDGER'] ?? ''
  if (text === '') return { kind: 'sqlite', path: join(home, 'ledger.sqlite') }
  if (/^mongodb(\+srv)?:\/\//.test(text)) return { kind: 'mongodb', uri: text, home }
  const path = text.startsWith('sqlite:') ? text.slice('sqlite:'.length) : text
  if (path === '' || /^[a-z][a-z0-9+.-]+:/i.test(path)) {
    throw new LightflowError('LF_LEDGER_KIND', `"${withoutSecrets(text)}" does not name a ledger.`, {
      hint: 'Write sqlite:PATH, for instance --ledger sqlite:/data/lightflow/ledger.sqlite, or mongodb://HOSTS/DATABASE?replicaSet=NAME.',
    })
  }
  return { kind: 'sqlite', path: isAbsolute(path) ? path : resolve(path) }
}

/** For people and logs: without user, password and options. */
export function describeLedger(location: LedgerLocation): string {
  return location.kind === 'sqlite' ? `sqlite:${location.path}` : withoutSecrets(location.uri)
}

function withoutSecrets(url: string): string {
  // The last "@" ends the credentials, also of a password that was not encoded.
  const bare = url.replace(/^([a-z][a-z0-9+.-]*:(?:\/\/)?).*@/is, '$1')
  return bare.split('?', 1)[0] ?? ''
}

/** Files that all peers of one ledger on this host share. */
export interface SharedFolders {
  payloads: string
  bundles: string
  outputs: string
  scratch: string
  /** A file: see `doorbell.ts`. */
  doorbell: string
  /** The same, the other way round: touched by peers when they have ended a run. */
  endBell: string
}

export function sharedFolders(location: LedgerLocation): SharedFolders {
  const root = location.kind === 'sqlite' ? `${location.path}.files` : mongoFolder(location)
  return {
    payloads: join(root, 'payloads'),
    bundles: join(root, 'bundles'),
    outputs: join(root, 'outputs'),
    scratch: join(root, 'scratch'),
    doorbell: join(root, 'doorbell'),
    endBell: join(root, 'run-ended'),
  }
}

/** One per ledger, so that two ledgers of one host do not mix. Named by what tells databases apart, not by who logs in. */
export function mongoFolder(location: MongoLocation): string {
  const name = createHash('sha256').update(describeLedger(location)).digest('hex').slice(0, 12)
  return join(location.home, `mongodb-${name}.files`)
}

export function peerKeyFile(home: string, name: string): string {
  return join(home, 'peers', encodeURIComponent(name), 'key')
}

/** The host's name, without its domain. */
export function defaultPeerName(host = hostname()): string {
  return host.split('.')[0] || 'peer'
}

/** Folders in which workflows are looked for by name. */
export function workflowFolders(given: readonly string[] | undefined, env: Environment): string[] {
  if (given !== undefined && given.length > 0) return given.map(folder => resolve(folder))
  const fromEnv = (env['LF_WORKFLOWS'] ?? '').split(':').filter(folder => folder !== '')
  return (fromEnv.length > 0 ? fromEnv : ['workflows', 'examples']).map(folder => resolve(folder))
}

/** Where things are: the home folder, the ledger and the files beside it. Pure: environment and folders are passed in. */
import { hostname } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { LightflowError } from '../core/errors.ts'

export interface Environment {
  readonly [name: string]: string | undefined
}

export interface LedgerLocation {
  kind: 'sqlite'
  /** Absolute path of the ledger file. */
  path: string
}

export function resolveHome(given: string | undefined, env: Environment): string {
  const chosen = given ?? env['LF_HOME'] ?? ''
  return resolve(chosen === '' ? envPaths('lightflow', { suffix: '' }).data : chosen)
}

/** `sqlite:PATH`; a bare path means the same. */
export function resolveLedger(given: string | undefined, env: Environment, home: string): LedgerLocation {
  const text = given ?? env['LF_LEDGER'] ?? ''
  if (text === '') return { kind: 'sqlite', path: join(home, 'ledger.sqlite') }
  if (/^mongodb(\+srv)?:/.test(text)) {
    throw new LightflowError('LF_LEDGER_KIND', 'This version of Lightflow has no MongoDB ledger yet.', {
      hint: 'Use a SQLite ledger on one machine: --ledger sqlite:/path/to/ledger.sqlite, or leave --ledger out.',
    })
  }
  const path = text.startsWith('sqlite:') ? text.slice('sqlite:'.length) : text
  if (path === '' || /^[a-z][a-z0-9+.-]+:/i.test(path)) {
    throw new LightflowError('LF_LEDGER_KIND', `"${text}" does not name a ledger.`, {
      hint: 'Write sqlite:PATH, for instance --ledger sqlite:/data/lightflow/ledger.sqlite.',
    })
  }
  return { kind: 'sqlite', path: isAbsolute(path) ? path : resolve(path) }
}

export function describeLedger({ path }: LedgerLocation): string {
  return `sqlite:${path}`
}

/** Files that all peers of one ledger on this host share. */
export interface SharedFolders {
  payloads: string
  bundles: string
  outputs: string
  scratch: string
}

export function sharedFolders({ path }: LedgerLocation): SharedFolders {
  const root = `${path}.files`
  return {
    payloads: join(root, 'payloads'),
    bundles: join(root, 'bundles'),
    outputs: join(root, 'outputs'),
    scratch: join(root, 'scratch'),
  }
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

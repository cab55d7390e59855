/** The numbers of users and groups, which may be known to the host only (`/etc/passwd`) or to the whole site (LDAP, through `getent`). */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { hasCode, LightflowError } from '../../core/errors.ts'

export interface Account {
  user: string | number | null
  group: string | number | null
}

export interface Ids {
  uid?: number
  gid?: number
}

/** A lookup at the site's servers that takes longer has failed. */
const LOOKUP_TIMEOUT_MS = 10_000

/** Throws `LF_BASH_USER` when this host does not know the user or the group. */
export async function findIds(task: string, { user, group }: Account): Promise<Ids> {
  const entry = user === null ? null : await lookUp('passwd', user)
  if (typeof user === 'string' && entry === null) throw unknown(task, 'user', user)
  const uid = typeof user === 'number' ? user : entry?.id
  const gid = group === null ? entry?.group : await findGroup(task, group)
  return { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }
}

async function findGroup(task: string, group: string | number): Promise<number> {
  if (typeof group === 'number') return group
  const entry = await lookUp('group', group)
  if (entry === null) throw unknown(task, 'group', group)
  return entry.id
}

/** The number of a user or group; null when this host does not know the name. */
export async function findAccount(kind: 'user' | 'group', given: string | number): Promise<number | null> {
  if (typeof given === 'number') return given
  return (await lookUp(kind === 'user' ? 'passwd' : 'group', given))?.id ?? null
}

interface Entry {
  id: number
  /** Of users. */
  group: number
}

async function lookUp(database: 'passwd' | 'group', key: string | number): Promise<Entry | null> {
  const lines = (await ask(database, key)).split('\n').map(line => line.split(':'))
  const fields = lines.find(([name, , id]) => name === key || id === String(key))
  return fields === undefined ? null : { id: Number(fields[2]), group: Number(fields[3]) }
}

async function ask(database: 'passwd' | 'group', key: string | number): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('getent', [database, '--', String(key)], {
      timeout: LOOKUP_TIMEOUT_MS,
    })
    return stdout
  } catch (error) {
    // It ends with 2 for a key that it does not find; without it there is the file.
    return hasCode(error, 'ENOENT') ? readFile(`/etc/${database}`, 'utf8') : ''
  }
}

function unknown(task: string, kind: 'user' | 'group', name: string): LightflowError {
  const message = `The task "${task}" is to run as the ${kind} "${name}", which this host does not know.`
  return new LightflowError('LF_BASH_USER', message, {
    hint: `See what \`getent ${kind === 'user' ? 'passwd' : 'group'} ${name}\` says on the hosts that serve its queue.`,
  })
}

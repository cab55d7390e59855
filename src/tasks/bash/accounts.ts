/** Users and groups, which may be known to the host only (`/etc/passwd`) or to the whole site (LDAP, through `getent`). */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { hasCode, LightflowError } from '../../core/errors.ts'

export interface Account {
  name: string
  id: number
  /** The user's own group, and home folder. Of groups: `NaN` and ''. */
  group: number
  home: string
}

/** A lookup at the site's servers that takes longer has failed. */
const LOOKUP_TIMEOUT_MS = 10_000
/** With which `getent` ends for a key that it does not find. */
const NOT_FOUND = 2

/** The number of a user or group; null when this host does not know the name. Throws `LF_ACCOUNT_LOOKUP`. */
export async function findAccount(kind: 'user' | 'group', given: string | number): Promise<number | null> {
  if (typeof given === 'number') return given
  return (await lookUp(kind, given))?.id ?? null
}

/** Null when this host does not know the name or number. Throws `LF_ACCOUNT_LOOKUP` when that cannot be said. */
export async function lookUp(kind: 'user' | 'group', key: string | number): Promise<Account | null> {
  const lines = (await ask(kind, key)).split('\n').map(line => line.split(':'))
  const fields = lines.find(([name, , id]) => name === key || id === String(key))
  if (fields === undefined) return null
  const [name = '', , id, group, , home = ''] = fields
  return { name, id: Number(id), group: Number(group), home }
}

async function ask(kind: 'user' | 'group', key: string | number): Promise<string> {
  const database = kind === 'user' ? 'passwd' : 'group'
  try {
    const { stdout } = await promisify(execFile)('getent', [database, '--', String(key)], {
      timeout: LOOKUP_TIMEOUT_MS,
    })
    return stdout
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return ''
    // Without it there is the file.
    if (hasCode(error, 'ENOENT')) return readFile(`/etc/${database}`, 'utf8')
    throw new LightflowError('LF_ACCOUNT_LOOKUP', `This host could not say whether it knows the ${kind} "${key}".`, {
      hint: `See what \`getent ${database} ${key}\` says there; often the site's directory server (LDAP) does not answer.`,
      cause: error,
    })
  }
}

/** As whom a command runs. */
import { LightflowError } from '../../core/errors.ts'
import { type Account, findAccount, lookUp } from './accounts.ts'
import type { BashParameters } from './bash-options.ts'

export interface Ids {
  uid?: number
  gid?: number
}

export interface Identity {
  ids: Ids
  /** Of the user that was asked for, when this host knows it. */
  account: Account | null
}

/** Throws `LF_BASH_USER` when this host does not know the user or the group; `LF_ACCOUNT_LOOKUP`. */
export async function findIdentity(
  task: string,
  { user, group }: Pick<BashParameters, 'user' | 'group'>,
): Promise<Identity> {
  const account = user === null ? null : await lookUp('user', user)
  if (typeof user === 'string' && account === null) throw unknown(task, 'user', user)
  if (user !== null && account === null && group === null) throw withoutGroup(task, user)
  const uid = typeof user === 'number' ? user : account?.id
  const gid = group === null ? account?.group : await findGroup(task, group)
  return { ids: { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }, account }
}

async function findGroup(task: string, group: string | number): Promise<number> {
  const id = await findAccount('group', group)
  if (id === null) throw unknown(task, 'group', group)
  return id
}

function unknown(task: string, kind: 'user' | 'group', name: string | number): LightflowError {
  const message = `The task "${task}" is to run as the ${kind} "${name}", which this host does not know.`
  return new LightflowError('LF_BASH_USER', message, {
    hint: `See what \`getent ${kind === 'user' ? 'passwd' : 'group'} ${name}\` says on the hosts that serve its queue.`,
  })
}

/** The peer's own group, perhaps root's, would stay with the command. */
function withoutGroup(task: string, user: string | number): LightflowError {
  const message = `The task "${task}" is to run as user ${user}, for whom this host knows no group.`
  return new LightflowError('LF_BASH_USER', message, { hint: `Name one: { user: ${user}, group: … }.` })
}

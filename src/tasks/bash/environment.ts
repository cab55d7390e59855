import type { Context } from '../../workflow/context.ts'
import type { Account } from './accounts.ts'
import type { BashParameters } from './bash-options.ts'

/**
 * The environment of a command: the peer's (unless that was declined), who it runs for, and what the author asked for, which wins.
 * `LF_LEDGER` is left out: it may hold a password, and a command may run as another user or print its environment.
 * `LF_FENCE` grows with every claim of the task: hand it to whatever can refuse a late writer. `account`: of another user, who is told
 * of its own home. Pure.
 */
export function makeEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  { env, extendEnv }: Pick<BashParameters, 'env' | 'extendEnv'>,
  { runId, workflowName, dagName, taskName, attempt, epoch, scratch }: Context,
  account: Account | null,
): Record<string, string> {
  const own = account === null ? {} : { HOME: account.home, USER: account.name, LOGNAME: account.name }
  const variables: Record<string, string | number | null | undefined> = {
    ...(extendEnv ? { ...base, ...own, LF_LEDGER: undefined } : {}),
    LF_RUN: runId,
    LF_WORKFLOW: workflowName,
    LF_DAG: dagName,
    LF_TASK: taskName,
    LF_ATTEMPT: attempt,
    LF_FENCE: epoch,
    LF_SCRATCH: scratch,
    ...env,
  }
  const set = Object.entries(variables).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(set.map(([name, value]) => [name, String(value)]))
}

import { hostname, userInfo } from 'node:os'

/** `user@host`, for display: who submitted or stopped a run. */
export function whoAmI(): string {
  return `${userName()}@${hostname()}`
}

/** An account without a name (a container, say) may submit too. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`
  }
}

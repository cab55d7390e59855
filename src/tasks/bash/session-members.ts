/**
 * The processes of one session. Shells that control jobs (`set -m`) and some launchers give what they start a group of its own; it stays
 * in their session unless it asks for another one. Linux tells; elsewhere nothing is known.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Ids of all living processes of the session; none where the system does not tell. */
export function sessionMembers(session: number): number[] {
  return processes().filter(pid => sessionOf(pid) === session)
}

function processes(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** Null when it is gone, or is only waiting to be forgotten. */
function sessionOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name before it is in brackets and may hold anything.
    const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? null : Number(session)
  } catch {
    return null
  }
}

/** The mode of a copy. Pure. */
import type { BigIntStats } from 'node:fs'

const SET_GROUP_ID = 0o2000n

/**
 * Programs that run as their owner (setuid, setgid) do so only for the owner that they had: a copy made by root, or by a colleague, would run
 * as root, or as the colleague. A folder passes its group on as the one above it does.
 */
export function keptMode(source: BigIntStats, made: BigIntStats): number {
  if (source.uid === made.uid && source.gid === made.gid) return Number(source.mode & 0o7777n)
  const inherited = made.isDirectory() ? made.mode & SET_GROUP_ID : 0n
  return Number((source.mode & 0o777n) | inherited)
}

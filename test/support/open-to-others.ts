/** Whether another user can get at files in the folder for temporary files; in a private one, what shows such a user must be skipped. */
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'

/** Nobody's. */
const USER = 65_534

export function isOpenToOthers(): boolean {
  if (process.getuid?.() !== 0) return true
  return spawnSync('test', ['-x', tmpdir()], { uid: USER, gid: USER }).status === 0
}

/** What goes wrong with files, in the words of who has to mend it. Pure but for the user id. */
import { isLightflowError, LightflowError } from '../../core/errors.ts'
import { endsTask } from '../../workflow/signals.ts'

/** Codes of the system that have one of ours; all others are `LF_FILE_IO`. */
const CODES: Readonly<Record<string, string>> = {
  ENOENT: 'LF_FILE_MISSING',
  ENOTDIR: 'LF_FILE_MISSING',
  EACCES: 'LF_FILE_DENIED',
  EPERM: 'LF_FILE_DENIED',
  EROFS: 'LF_FILE_DENIED',
  ENOSPC: 'LF_FILE_FULL',
  EDQUOT: 'LF_FILE_FULL',
  EEXIST: 'LF_FILE_EXISTS',
  ENOTEMPTY: 'LF_FILE_EXISTS',
  ELOOP: 'LF_FILE_LINK',
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of the path is no folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system can only be read',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the quota is used up',
  EEXIST: 'something is there already',
  ENOTEMPTY: 'the folder is not empty',
  ELOOP: 'it is a link, which is not followed',
}

/** `doing` completes "The task … could not": `copy "/a" to "/b"`. What is an error of ours, or ends the task by intent, passes through. */
export function fileError(task: string, doing: string, cause: unknown): unknown {
  if (isLightflowError(cause) || endsTask(cause)) return cause
  const errno = errnoOf(cause)
  if (errno === undefined) return cause
  const path = (cause as { path?: unknown }).path
  const where = typeof path === 'string' && !doing.includes(path) ? ` (at "${path}")` : ''
  const reason = REASONS[errno] ?? (cause as Error).message
  const message = `The task "${task}" could not ${doing}: ${reason}${where}.`
  const facts = typeof path === 'string' ? { errno, path } : { errno }
  return new LightflowError(CODES[errno] ?? 'LF_FILE_IO', message, { hint: hintFor(errno), cause, facts })
}

export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

function hintFor(errno: string): string {
  const user = process.getuid?.()
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'Is the share mounted on this peer, under this path?'
    case 'EACCES':
    case 'EPERM':
      return `This peer runs as the user with the number ${user ?? '?'}: see who owns the path, and its permissions (ls -ld).`
    case 'EROFS':
      return 'How is the share mounted on this peer (see mount)?'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'Make space, then start the run again: nothing half-written was left under its final name.'
    case 'EEXIST':
    case 'ENOTEMPTY':
      return 'Remove it first, or choose another destination.'
    default:
      return ''
  }
}

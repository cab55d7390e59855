import { LightflowError } from '../../core/errors.ts'

const HINTS: Record<string, string> = {
  ENOSPC: 'The disk is full: make room there, or point LF_HOME to another disk.',
  EDQUOT: 'Your disk quota is used up: make room there, or point LF_HOME to another disk.',
  EACCES: 'The peer may not write there: correct the permissions of the folder, or point LF_HOME elsewhere.',
  EPERM: 'The peer may not write there: correct the permissions of the folder, or point LF_HOME elsewhere.',
  EROFS: 'The file system there is read-only: point LF_HOME elsewhere.',
}

/** `LF_PAYLOAD_NOT_KEPT`: what the system's error means and what to do about it. */
export function notKept(folder: string, sizeBytes: number, cause: unknown): LightflowError {
  const code = String((cause as { code?: unknown }).code)
  const hint = HINTS[code] ?? `The system said: ${(cause as Error).message}`
  return new LightflowError('LF_PAYLOAD_NOT_KEPT', `A payload of ${sizeBytes} bytes could not be kept in ${folder}.`, {
    hint,
    facts: { folder, sizeBytes, systemCode: code },
    cause,
  })
}

/** True when the disk or its owner is the reason, not the peer at the other end. */
export function isDiskFault(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && (Object.hasOwn(HINTS, code) || code === 'EIO' || code === 'ENOENT')
}

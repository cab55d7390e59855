/** What SQLite says, in words that help. */
import { LightflowError, isLightflowError } from '../../core/errors.ts'

/** Primary result codes of SQLite; the extended ones carry them in their low byte. */
const CODE = {
  perm: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  notADatabase: 26,
}

/** Another process writes at this moment: try again. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error)
  return code === CODE.busy || code === CODE.protocol
}

/** What was to be read is not there any more as it was written. */
export function isDamaged(error: unknown): boolean {
  return primaryCode(error) === CODE.corrupt
}

export function toLedgerError(error: unknown, path: string): unknown {
  if (isLightflowError(error)) return error
  switch (primaryCode(error)) {
    case CODE.corrupt:
    case CODE.notADatabase:
      return corrupt(path, 'is damaged, or no ledger at all', error)
    case CODE.full:
    case CODE.io:
      return full(path, error)
    case CODE.perm:
    case CODE.readOnly:
    case CODE.cannotOpen:
      return badPath(path, 'cannot be opened for writing', error)
    default:
      return error
  }
}

export function corrupt(path: string, problem: string, cause?: unknown): LightflowError {
  return new LightflowError('LF_LEDGER_CORRUPT', `The file ${path} ${problem}.`, {
    hint: 'Run `lf doctor` first: it says what can be saved. Or name another file with `--ledger sqlite:PATH`.',
    cause,
    facts: { path },
  })
}

export function badPath(path: string, problem: string, cause?: unknown): LightflowError {
  return new LightflowError('LF_LEDGER_PATH', `The ledger ${path} ${problem}.`, {
    hint: 'Name a file in a folder that you may write to, with `--ledger sqlite:PATH` or LF_LEDGER.',
    cause,
    facts: { path },
  })
}

function full(path: string, cause: unknown): LightflowError {
  return new LightflowError('LF_LEDGER_FULL', `The ledger ${path} could not be written: the disk is full or fails.`, {
    hint: 'Free some space on that disk; nothing was changed, and peers go on by themselves.',
    cause,
    facts: { path },
  })
}

/** It was written, and the disk did not confirm it. */
export function unconfirmed(path: string, cause: unknown): LightflowError {
  const message = `What was written to the ledger ${path} may not be on the disk, which fails.`
  return new LightflowError('LF_LEDGER_FULL', message, {
    hint: 'Look after that disk, then start this program again: it writes nothing more to the ledger.',
    cause,
    facts: { path },
  })
}

function primaryCode(error: unknown): number | undefined {
  const code = typeof error === 'object' && error !== null ? (error as { errcode?: unknown }).errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}

/** What a failed command is told of, in the words of who has to mend it. Pure. */
import { LightflowError } from '../../core/errors.ts'

export interface CommandExit {
  /** Null when a signal ended the command. */
  exitCode: number | null
  exitSignal: NodeJS.Signals | null
}

/** Of the standard error, the last lines say most. */
export const LAST_LINES = 5
/** Longer ones are cut in the message; the log has them whole. */
const MAX_LAST_LINE_CHARS = 300

/** `lastLines`: the end of its standard error. */
export function commandFailed(
  task: string,
  { exitCode, exitSignal }: CommandExit,
  lastLines: readonly string[],
): LightflowError {
  const how = exitSignal === null ? `ended with exit code ${exitCode}` : `was ended by ${exitSignal}`
  const words = lastLines.filter(line => line.trim() !== '').map(line => line.slice(0, MAX_LAST_LINE_CHARS))
  const message = `The command of the task "${task}" ${how}${words.length === 0 ? '.' : `: ${words.join('\n')}`}`
  const error = new LightflowError('LF_COMMAND_FAILED', message, {
    hint: hintFor(task, { exitCode, exitSignal }, words.length === 0),
    facts: { exitCode, exitSignal },
  })
  // No line of the author's is in it.
  Object.defineProperty(error, 'stack', { value: undefined })
  return error
}

function hintFor(task: string, { exitCode, exitSignal }: CommandExit, isSilent: boolean): string {
  if (exitSignal === 'SIGKILL') return 'Somebody killed it; often the machine had no memory left (see `dmesg`).'
  if (exitCode === 127) return 'Exit code 127: a program was not found. Is it installed on this peer, and on its PATH?'
  if (exitCode === 126)
    return 'Exit code 126: a file is there but cannot be executed. Is it marked as executable (chmod +x)?'
  const where = isSilent ? 'It wrote nothing to its standard error. ' : ''
  return `${where}All of its output: lf workflow logs RUN ${task}. When other exit codes are fine too: check: false.`
}

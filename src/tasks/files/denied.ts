/** What a task had to leave as it is. It goes on with the rest, and fails at its end. */
import type { TaskTools } from '../../workflow/task-call.ts'
import { errnoOf, fileError } from './file-errors.ts'
import { type Path, shown } from './paths.ts'

/** Lines of the log; beyond it they are only counted. */
const MAX_TOLD = 100

export class Denied {
  readonly #task: string
  readonly #doing: string
  readonly #log: TaskTools
  #count = 0
  #first: { path: string; error: unknown } | null = null

  /** `doing` completes "could not … PATH". */
  constructor(task: string, doing: string, log: TaskTools) {
    this.#task = task
    this.#doing = doing
    this.#log = log
  }

  readonly note = (path: Path, error: unknown): void => {
    this.#count += 1
    this.#first ??= { path: shown(path), error }
    if (this.#count > MAX_TOLD) return
    this.#log.output('stderr', `could not ${this.#doing} ${shown(path)} (${errnoOf(error) ?? '?'})`)
  }

  /** Throws `LF_FILE_DENIED` when there was any. */
  check(): void {
    if (this.#first === null) return
    const { path, error } = this.#first
    const others = this.#count === 1 ? '' : `, nor ${this.#count - 1} more`
    throw fileError(this.#task, `${this.#doing} "${path}"${others}`, error)
  }
}

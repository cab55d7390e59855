/** Files that other tasks named and that could not be had: what becomes of an attempt whose body fails by one. */
import { type ErrorRecord, toErrorRecord } from '../core/errors.ts'
import type { ClaimedTask } from '../ledger/ledger.ts'
import { undecidedHolders } from '../payload/payload-store.ts'
import type { FileSource } from '../tasks/named-file.ts'
import { type Ending, MAX_FAULTY_STARTS } from './attempt-ending.ts'

/** Of one attempt. A body that asks for more files in vain fails by one of them, as a rule one of the first. */
const MAX_LOST_FILES_NOTED = 1000

export class LostFiles {
  /** What the body was told: several may be asked for at once. */
  readonly #lost: { error: unknown; record: ErrorRecord; source: FileSource }[] = []

  note(error: unknown, source: FileSource): void {
    if (this.#lost.length < MAX_LOST_FILES_NOTED) this.#lost.push({ error, record: toErrorRecord(error), source })
  }

  /**
   * The body failed because of a file that another task named. An exclusive task may not begin anew; else, when the file may be had later or by
   * another peer, the task is given back, and when it was named by a predecessor, that one runs again.
   */
  endingOf(error: ErrorRecord, { task, inputs }: ClaimedTask, isAlive: (peer: string) => boolean): Ending | null {
    if (task.effect === 'exclusive') return null
    // By the code alone it might be another failure, after one that the body dealt with.
    const isIt = ({ record }: { record: ErrorRecord }) =>
      error.code === record.code && error.message.includes(record.message)
    const found = this.#lost.find(isIt)
    if (found === undefined) return null
    const { error: lost, source } = found
    // The disk here may have no room for it, and that of another peer some.
    const isHere = error.code === 'LF_PAYLOAD_NOT_KEPT'
    const mayCome = isHere || undecidedHolders(lost).some(isAlive)
    if (mayCome && task.attempts < MAX_FAULTY_STARTS) return { kind: 'fault', error }
    if (isHere) return null
    // Whatever its run: a retry has what an earlier run made, by tasks of the same names that it can run again.
    const input = source.dag === task.dag ? inputs.find(({ task: name }) => name === source.task) : undefined
    if (input === undefined) return null
    return { kind: 'lost-inputs', error, inputs: [{ task: input.task, epoch: input.epoch }] }
  }
}

/** What is told of a completion before it is known to be kept. */
import { mayBeginEarly } from '../../lease/decide-early.ts'
import type { Completion, Foreseen } from '../ledger.ts'

/** Null: nothing of it may begin early. */
export function foresee({ handedOn, passedOn }: Completion, mayBegin = mayBeginEarly): Foreseen | null {
  const foreseen = {
    handedOn: handedOn.filter(({ task }) => mayBegin(task)),
    passedOn: passedOn.filter(({ early }) => early !== undefined),
  }
  return foreseen.handedOn.length + foreseen.passedOn.length === 0 ? null : foreseen
}

/** What is told of a completion before it is known to be kept. */
import { mayPrepareEarly } from '../../lease/decide-early.ts'
import type { Completion, Foreseen } from '../ledger.ts'

/** The answer need not say again what was foretold of those that others run. */
export function withoutWords(completion: Completion): Completion {
  if (completion.passedOn.every(({ early }) => early === undefined)) return completion
  return { ...completion, passedOn: completion.passedOn.map(({ claim, session, peer }) => ({ claim, session, peer })) }
}

/** Null: nothing of it may begin, or be prepared, early. */
export function foresee({ handedOn, passedOn }: Completion): Foreseen | null {
  const foreseen = {
    handedOn: handedOn.filter(({ task }) => mayPrepareEarly(task)),
    passedOn: passedOn.filter(({ early }) => early !== undefined),
    handsOn: handedOn.length > 0,
  }
  return foreseen.handedOn.length + foreseen.passedOn.length === 0 ? null : foreseen
}

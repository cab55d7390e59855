/** What is told of a completion before it is known to be kept. */
import { mayBeginEarly, mayPrepareEarly } from '../../lease/decide-early.ts'
import type { Completion, Foreseen, PassedTask } from '../ledger.ts'
import { makePassedWord } from './passed-word.ts'

/** The answer need not say again what was foretold of those that others run; of the rest it has a word for them. */
export function withWords(completion: Completion): Completion {
  return completion.passedOn.length === 0 ? completion : { ...completion, passedOn: completion.passedOn.map(worded) }
}

function worded({ claim, session, peer, early, beat }: PassedTask): PassedTask {
  const named = { claim, session, peer }
  if (early === undefined || beat === undefined || mayBeginEarly(early.task)) return named
  const row = makePassedWord(early)
  return row === undefined ? named : { ...named, word: { beat, row } }
}

/** Who hears of nothing beforehand gets no words either. */
export function withoutWords(completion: Completion): Completion {
  if (completion.passedOn.length === 0) return completion
  return { ...completion, passedOn: completion.passedOn.map(({ claim, session, peer }) => ({ claim, session, peer })) }
}

/** Null: nothing of it may begin, or be prepared, early. */
export function foresee({ handedOn, passedOn }: Completion): Foreseen | null {
  const foreseen = {
    handedOn: handedOn.filter(({ task }) => mayPrepareEarly(task)),
    passedOn: passedOn.filter(({ early }) => early !== undefined && mayBeginEarly(early.task)),
    handsOn: handedOn.length > 0,
  }
  return foreseen.handedOn.length + foreseen.passedOn.length === 0 ? null : foreseen
}

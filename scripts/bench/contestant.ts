/** Who takes part in the bench of tasks: started once, asked scenario by scenario in turns with the others, stopped at the end. */
import type { Scenario } from './scenarios.ts'

export interface Round {
  /** Nothing of it is counted. */
  isWarmUp: boolean
}

export interface Contestant {
  /** As the table shows it: what it is, and where its state is kept. */
  name: string
  /** Scenarios that it cannot play; its cells stay empty. */
  lacks?: readonly Scenario['name'][]
  /** Milliseconds from the submission until the submitter knows that all is done. Throws when anything of it failed. */
  play(scenario: Scenario, round: Round): Promise<number>
  /** What else it found out, a sentence each. */
  remarks?(): Promise<string[]>
  stop(): Promise<void>
}

/** One that is not installed says what to install. */
export type StartedContestant = { contestant: Contestant } | { missing: string }

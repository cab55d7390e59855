/** Who plays what when. Pure. */
import type { Contestant } from './contestant.ts'
import type { Scenario } from './scenarios.ts'

export interface Turn {
  contestant: Contestant
  scenario: Scenario
  /** The first, 0, only warms up. */
  round: number
}

/**
 * Scenario after scenario, and each in rounds in which all take turns: what the machine does besides hits all of them, and nobody finds the
 * threads that one scenario needs taken up by another.
 */
export function inTurns(contestants: readonly Contestant[], scenarios: readonly Scenario[], rounds: number): Turn[] {
  return scenarios.flatMap(scenario => {
    const able = contestants.filter(({ lacks }) => lacks?.includes(scenario.name) !== true)
    return Array.from({ length: rounds + 1 }, (_, round) =>
      able.map(contestant => ({ contestant, scenario, round })),
    ).flat()
  })
}

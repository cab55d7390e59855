/** Who plays what when. Pure. */
import type { Contestant } from './contestant.ts'
import type { Scenario } from './scenarios.ts'

export interface Turn {
  contestant: Contestant
  scenario: Scenario
  /** From 1; those before only warm up. */
  round: number
}

export interface Rounds {
  rounds: number
  /** Tasks of each scenario that warm up, in whole rounds, one at least. */
  warmUp: number
}

/**
 * Scenario after scenario, and each in rounds in which all take turns: what the machine does besides hits all of them, and nobody finds the
 * threads that one scenario needs taken up by another.
 */
export function inTurns(
  contestants: readonly Contestant[],
  scenarios: readonly Scenario[],
  { rounds, warmUp }: Rounds,
): Turn[] {
  return scenarios.flatMap(scenario => {
    const able = contestants.filter(({ lacks }) => lacks?.includes(scenario.name) !== true)
    const warmUps = Math.ceil(warmUp / scenario.tasks)
    return Array.from({ length: warmUps + rounds }, (_, index) =>
      able.map(contestant => ({ contestant, scenario, round: index + 1 - warmUps })),
    ).flat()
  })
}

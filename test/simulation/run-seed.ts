/** One seed from start to end, with all that a report needs. */
import { drawOptions, type Mode, type SimOptions } from './options.ts'
import { type Removal, Simulation, type SimulationSummary } from './simulation.ts'
import { Violation } from './world.ts'

export interface SeedResult {
  seed: number
  mode: Mode
  options: SimOptions
  violation: Violation | null
  lines: readonly string[]
  summary: SimulationSummary | null
}

export interface SeedRun {
  mode?: Mode
  removal?: Removal
  verbose?: (line: string) => void
  /** Changes the options that were drawn. */
  adjust?: (options: SimOptions) => SimOptions
}

/** Even seeds are safety runs, odd ones liveness runs, unless told otherwise. */
function modeOf(seed: number): Mode {
  return seed % 2 === 0 ? 'safety' : 'liveness'
}

export async function runSeed(
  seed: number,
  { mode = modeOf(seed), removal, verbose, adjust }: SeedRun = {},
): Promise<SeedResult> {
  const drawn = drawOptions(seed, mode)
  const options = adjust === undefined ? drawn : adjust(drawn)
  const simulation = new Simulation(options, removal, verbose)
  const { world } = simulation
  const onRejection = (reason: unknown) =>
    world.violate('unhandled', reason instanceof Error ? (reason.stack ?? String(reason)) : String(reason))
  process.on('unhandledRejection', onRejection)
  let summary: SimulationSummary | null = null
  try {
    summary = await simulation.run()
  } catch (error) {
    world.violate('threw', error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  return { seed, mode, options, violation: world.violation, lines: world.lines, summary }
}

/** What to read and what to run when a seed fails. */
export function describeFailure({ seed, options, violation, lines }: SeedResult, linesShown = 60): string {
  return [
    `seed ${seed}: ${violation?.message}`,
    `drawn: ${JSON.stringify(options)}`,
    `the last ${Math.min(linesShown, lines.length)} events:`,
    ...lines.slice(-linesShown),
    `replay: npm run simulate -- --seed ${seed} --verbose`,
  ].join('\n')
}

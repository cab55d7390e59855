/**
 * Runs simulated meshes, one per seed, until something does not hold or the time is up.
 *
 *   npm run simulate -- --seeds 1000 [--from 0] [--seconds 60] [--keep-going]
 *   npm run simulate -- --seed 4711 --verbose
 */
import { parseArgs } from 'node:util'
import { describeFailure, runSeed, type SeedResult } from '../test/simulation/run-seed.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    seconds: { type: 'string', default: 'Infinity' },
    verbose: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
})

const PROGRESS_EVERY_MS = 2000

interface Totals {
  seeds: number
  virtualMs: number
  calls: number
  bodies: number
  burials: number
  takeovers: number
  losses: number
  remakes: number
  failures: SeedResult[]
}

if (values.seed === undefined) await runMany()
else await runOne(Number(values.seed))

async function runOne(seed: number): Promise<void> {
  const result = await runSeed(seed, values.verbose ? { verbose: line => console.log(line) } : {})
  console.log(
    result.violation === null
      ? `seed ${seed} (${result.mode}) holds`
      : describeFailure(result, values.verbose ? 0 : 60),
  )
  console.log(JSON.stringify(result.summary))
  process.exitCode = result.violation === null ? 0 : 1
}

async function runMany(): Promise<void> {
  const totals: Totals = {
    seeds: 0,
    virtualMs: 0,
    calls: 0,
    bodies: 0,
    burials: 0,
    takeovers: 0,
    losses: 0,
    remakes: 0,
    failures: [],
  }
  const from = Number(values.from)
  const startedAt = performance.now()
  let toldAt = startedAt
  for (let seed = from; seed < from + Number(values.seeds); seed++) {
    if (performance.now() - startedAt > Number(values.seconds) * 1000) break
    const result = await runSeed(seed)
    add(totals, result)
    if (result.violation !== null && !values['keep-going']) break
    if (performance.now() - toldAt < PROGRESS_EVERY_MS) continue
    toldAt = performance.now()
    console.error(`${totals.seeds} seeds, ${totals.failures.length} failed, at seed ${seed}`)
  }
  report(totals, performance.now() - startedAt)
}

function add(totals: Totals, result: SeedResult): void {
  totals.seeds += 1
  totals.virtualMs += result.summary?.virtualMs ?? 0
  totals.calls += result.summary?.calls ?? 0
  totals.bodies += result.summary?.bodies ?? 0
  totals.burials += result.summary?.burials ?? 0
  totals.takeovers += result.summary?.takeovers ?? 0
  totals.losses += result.summary?.losses ?? 0
  totals.remakes += result.summary?.remakes ?? 0
  if (result.violation !== null) totals.failures.push(result)
}

function report({ failures, ...totals }: Totals, elapsedMs: number): void {
  const hours = (totals.virtualMs / 3_600_000).toFixed(1)
  const seconds = (elapsedMs / 1000).toFixed(1)
  const [first] = failures
  if (first !== undefined) console.log(describeFailure(first))
  for (const { seed, violation } of failures.slice(1)) console.log(`seed ${seed}: ${violation?.message}`)
  console.log(
    `${totals.seeds} seeds in ${seconds} s: ${hours} hours of virtual time, ${totals.calls} calls of the ledger, ` +
      `${totals.bodies} attempts, ${totals.burials} burials, ${totals.takeovers} takeovers, ${totals.losses} inputs lost, ` +
      `${totals.remakes} tasks run again for that; ${failures.length} seeds failed`,
  )
  process.exitCode = failures.length === 0 ? 0 : 1
}

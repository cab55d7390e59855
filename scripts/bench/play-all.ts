/** All benches, each in a process of its own, so that none finds what another has left in memory. */
import type { all } from './definitions.ts'
import type { BenchRun } from './harness/bench.ts'
import type { Values } from './harness/options.ts'
import { playApart } from './harness/play-apart.ts'
import type { Report } from './harness/report.ts'
import { planAll } from './plan-all.ts'

export async function playAll(asked: Values<typeof all.options>, run: BenchRun): Promise<Report> {
  const plan = planAll(asked)
  const reports: Record<string, Report> = {}
  const failed: string[] = []
  for (const [done, { title, words }] of plan.entries()) {
    run.say(`${title} (${done + 1} of ${plan.length})`)
    try {
      const report = await playApart(words, run)
      reports[title] = report
      run.section(title, report)
      if (report.isWrong === true) failed.push(`${title}: what it has seen is not as it must be.`)
    } catch (error) {
      failed.push(`${title}: ${(error as Error).message}.`)
    }
  }
  return { tables: [], remarks: failed, figures: reports, isWrong: failed.length > 0 }
}

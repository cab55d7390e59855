/** What the demo tells at its end: tables and claims, each claim checked against the ledger. Pure. */
import type { Comparison } from '../../examples/phasid/generator/compare-with-truth.ts'
import { type Surface } from '../render/colours.ts'
import { formatDuration } from '../render/duration.ts'
import { table } from '../render/table.ts'
import type { Share, Takeover } from './takeovers.ts'

export interface DemoClaim {
  claim: string
  holds: boolean
  /** What was found instead. */
  found?: string
}

export interface DemoResult {
  run: string
  profiles: number
  durationMs: number
  killed: string
  shares: Share[]
  takeovers: Takeover[]
  comparison: Comparison
  diagram: string
  claims: DemoClaim[]
}

/** Takeovers that are listed one by one. */
const MAX_TAKEOVERS_SHOWN = 6

export function demoReport(result: DemoResult, surface: Surface): string {
  return [
    heading('Who did what', surface),
    ...sharesTable(result, surface),
    '',
    heading(`Taken over from ${result.killed}`, surface),
    ...takeoversTable(result.takeovers, surface),
    '',
    heading('Phases found, against the truth of the generator', surface),
    ...truthTable(result.comparison, surface),
    '',
    ...result.claims.map(claim => claimLine(claim, surface)),
    '',
    `  Phase diagram: ${surface.palette.bold(result.diagram)}`,
  ].join('\n')
}

function heading(text: string, { palette }: Surface): string {
  return palette.bold(`  ${text}`)
}

function sharesTable({ shares, killed }: DemoResult, surface: Surface): string[] {
  const rows = shares.map(({ peer, done, lost }) => [
    peer,
    String(done),
    lost === 0 ? '' : String(lost),
    peer === killed ? surface.palette.red('killed with SIGKILL') : '',
  ])
  const columns = [
    { title: 'peer' },
    { title: 'tasks done', align: 'right' as const },
    { title: 'taken from it', align: 'right' as const },
    { title: '' },
  ]
  return table(columns, rows, surface, 4)
}

function takeoversTable(takeovers: readonly Takeover[], surface: Surface): string[] {
  const shown = takeovers.slice(0, MAX_TAKEOVERS_SHOWN)
  const rows = shown.map(({ task, to, afterMs }) => [task, to, formatDuration(afterMs)])
  const columns = [
    { title: 'task', shrinkTo: 20 },
    { title: 'runs on' },
    { title: 'after the kill', align: 'right' as const },
  ]
  const more = takeovers.length - shown.length
  return [...table(columns, rows, surface, 4), ...(more > 0 ? [surface.palette.dim(`    and ${more} more`)] : [])]
}

function truthTable({ table: lines, misses }: Comparison, surface: Surface): string[] {
  const { palette } = surface
  const number = (value: number, paint = (text: string) => text) => (value === 0 ? '' : paint(String(value)))
  const rows = lines.map(({ truth, right, undecided, wrong }) => [
    truth,
    number(right, palette.green),
    number(undecided, palette.yellow),
    number(wrong, palette.red),
  ])
  const columns = [
    { title: 'truth' },
    { title: 'right', align: 'right' as const },
    { title: 'undecided', align: 'right' as const },
    { title: 'wrong', align: 'right' as const },
  ]
  const undecided = misses.filter(({ verdict }) => verdict === 'undecided').length
  const note =
    undecided === 0
      ? []
      : [palette.dim('    Undecided: no phase is named, or one of two that coexist, rather than a guess.')]
  return [...table(columns, rows, surface, 4), ...note]
}

function claimLine({ claim, holds, found }: DemoClaim, { palette, unicode }: Surface): string {
  const mark = holds ? palette.green(unicode ? '✓' : '+') : palette.red(unicode ? '✗' : 'x')
  return `  ${mark} ${claim}${holds || found === undefined ? '' : palette.red(`: ${found}`)}`
}

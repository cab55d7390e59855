/** What a bench has found out, as Markdown or for a terminal. Pure. */
import type { Surface } from '../../../cli/render/colours.ts'
import { table } from '../../../cli/render/table.ts'
import { widthOf, wrap } from '../../../cli/render/text.ts'
import { describeLedger } from '../../../src/node/settings.ts'
import type { MachineFacts } from './machine.ts'

export interface Report {
  tables: readonly ReportTable[]
  /** Sentences; a line in them that begins with two blanks stays a line. */
  remarks?: readonly string[]
  /** All that was measured, for the JSON file. */
  figures: unknown
  /** It came to its end, but what it has seen is not as it must be. */
  isWrong?: boolean
}

export interface ReportTable {
  title?: string
  head: readonly string[]
  rows: readonly (readonly string[])[]
}

type Told = Pick<Report, 'tables' | 'remarks'> & { heading?: string }

export function markdownOf({ heading, tables, remarks = [] }: Told): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const blocks = tables.map(({ title, head, rows }) => [
    ...(title === undefined ? [] : [`${title}:`, '']),
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
  ])
  const head = heading === undefined ? [] : [`## ${heading}`]
  return [...head, ...blocks.map(block => block.join('\n')), ...remarks].join('\n\n')
}

export function terminalOf({ heading, tables, remarks = [] }: Told, surface: Surface): string {
  const blocks = tables.map(each => {
    const title = each.title === undefined ? [] : [surface.palette.bold(each.title)]
    return [...title, ...fitted(each, surface)].join('\n')
  })
  const head = heading === undefined ? [] : [surface.palette.bold(heading.toUpperCase())]
  return [...head, ...blocks, ...remarks.map(remark => wrap(remark, surface.columns))].join('\n\n')
}

/** What is kept in a file: all figures, and where they come from. */
export function keptText(kept: {
  bench: string
  options: Readonly<Record<string, unknown>>
  machine: MachineFacts
  report: Report
}): string {
  const { bench, options, machine, report } = kept
  const shown = Object.entries(options).map(([name, value]) => [name, withoutSecrets(value)])
  return `${JSON.stringify({ bench, options: Object.fromEntries(shown), machine, ...report }, null, 2)}\n`
}

/** Addresses of databases hold passwords. */
function withoutSecrets(value: unknown): unknown {
  const isAddress = typeof value === 'string' && value.startsWith('mongodb')
  return isAddress ? describeLedger({ kind: 'mongodb', uri: value, home: '' }) : value
}

/** As it is; where that is too wide with rows and columns exchanged; and where that is too wide, too, each column by itself. */
function fitted({ head, rows }: ReportTable, surface: Surface): string[] {
  if (widthOfTable([head, ...rows]) <= surface.columns) return drawn(head, rows, surface)
  const turned = head.map((_, column) => [head, ...rows].map(row => row[column] ?? ''))
  const [turnedHead = [], ...turnedRows] = turned
  if (widthOfTable(turned) <= surface.columns) return drawn(turnedHead, turnedRows, surface)
  return turnedRows.flatMap(([title = '', ...cells], index) => [
    ...(index === 0 ? [] : ['']),
    ...wrap(title, surface.columns).split('\n'),
    ...cells.map((cell, row) => namedCell(rows[row]?.[0] ?? '', cell, rows, surface)),
  ])
}

const INDENT = 2
const GAP = 2

function namedCell(name: string, cell: string, rows: ReportTable['rows'], surface: Surface): string {
  const widest = Math.max(...rows.map(row => widthOf(row[0] ?? '')))
  const padded = name + ' '.repeat(widest - widthOf(name))
  const line = `${' '.repeat(INDENT)}${padded}${' '.repeat(GAP)}${cell}`
  return widthOf(line) <= surface.columns
    ? line
    : wrap(`${name}: ${cell}`, surface.columns - INDENT, INDENT).replace(/^/, ' '.repeat(INDENT))
}

function drawn(head: readonly string[], rows: ReportTable['rows'], surface: Surface): string[] {
  const columns = head.map((title, index) => ({ title, align: index === 0 ? ('left' as const) : ('right' as const) }))
  return table(
    columns,
    rows.map(row => [...row]),
    surface,
    INDENT,
  )
}

function widthOfTable(lines: readonly (readonly string[])[]): number {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map(cells => widthOf(cells[column] ?? ''))))
  return INDENT + widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1)
}

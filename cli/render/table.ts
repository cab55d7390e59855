/** A calm table without rules: dim headings, columns two spaces apart, never wider than the terminal. */
import type { Surface } from './colours.ts'
import { pad, truncate, widthOf } from './text.ts'

export interface Column {
  title: string
  align?: 'left' | 'right'
  /** May be cut, down to this many columns; columns without it keep their width. */
  shrinkTo?: number
  /** Left out on terminals narrower than this. */
  fromColumns?: number
}

const GAP = 2

/**
 * Lines of the table, headings first, each indented by `indent` columns. Cells may be coloured; those that do not fit are cut with
 * an ellipsis. A column whose cells are all empty is left out.
 */
export function table(columns: Column[], rows: string[][], surface: Surface, indent = 2): string[] {
  const shown = columns.flatMap((column, index) => (isShown(column, index, rows, surface) ? [index] : []))
  const widths = fit(
    shown.map(index => columns[index]!),
    shown.map(index => Math.max(widthOf(columns[index]!.title), ...rows.map(row => widthOf(row[index] ?? '')))),
    surface.columns - indent,
  )
  const line = (cells: string[]): string => {
    const padded = shown.map((index, place) => {
      const width = widths[place]!
      const cell = truncate(cells[index] ?? '', width, { ascii: !surface.unicode })
      const last = place === shown.length - 1
      return last && columns[index]!.align !== 'right' ? cell : pad(cell, width, columns[index]!.align)
    })
    return (' '.repeat(indent) + padded.join(' '.repeat(GAP))).trimEnd()
  }
  return [surface.palette.dim(line(columns.map(column => column.title))), ...rows.map(line)]
}

function isShown(column: Column, index: number, rows: string[][], surface: Surface): boolean {
  return (column.fromColumns ?? 0) <= surface.columns && rows.some(row => (row[index] ?? '') !== '')
}

/** Takes what is too much from the widest columns first, never below their `shrinkTo`. */
function fit(columns: Column[], natural: number[], room: number): number[] {
  const widths = [...natural]
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1) - room
  while (excess > 0) {
    const widest = columns
      .map((column, index) => ({ index, spare: column.shrinkTo === undefined ? 0 : widths[index]! - column.shrinkTo }))
      .filter(({ spare }) => spare > 0)
      .sort((a, b) => widths[b.index]! - widths[a.index]!)[0]
    if (widest === undefined) break
    widths[widest.index]!--
    excess--
  }
  return widths
}

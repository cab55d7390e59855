/**
 * Draws the results: composition against temperature when the samples say both, otherwise the peaks of each profile in the
 * order of the files. Pure: rows in, text of an SVG file out; it needs no fonts, scripts or network to be shown.
 */
import type { ResultRow } from './analyse-profile.ts'
import { createAxis } from './diagram/axis.ts'
import { drawChart, legendEntry, plot, type LegendEntry } from './diagram/chart-frame.ts'
import { drawMarker, markerNames, type MarkerName } from './diagram/markers.ts'
import { drawPeakChart } from './diagram/peak-chart.ts'
import { escapeXml } from './diagram/svg.ts'

type Placed = ResultRow & { composition: number; temperature: number }

const largestRadius = 10
const smallestRadius = 3

/** The diagram of a series. `title` usually is the name of its folder. */
export function drawPhaseDiagram(rows: readonly ResultRow[], title: string): string {
  const placed = rows.filter(isPlaced)
  const readable = rows.filter(row => row.state !== 'error')
  return placed.length > 0 && 2 * placed.filter(row => row.state !== 'error').length >= readable.length
    ? drawDiagram(placed, rows, title)
    : drawPeakChart(rows, title, describeSeries(rows))
}

/** `64 profiles: 50 with phases, 9 disordered, 5 undecided, 0 unreadable`. */
export function describeSeries(rows: readonly ResultRow[]): string {
  const count = (...states: ResultRow['state'][]) => rows.filter(row => states.includes(row.state)).length
  const parts = [
    `${count('phase')} with phases`,
    `${count('disordered')} disordered`,
    `${count('single-peak', 'unassigned', 'none')} undecided`,
    `${count('error')} unreadable`,
  ]
  return `${rows.length} profiles: ${parts.join(', ')}`
}

/** The markers that stand for a row: its phases, or its state. */
export function markersOf(row: Pick<ResultRow, 'state' | 'phases'>): MarkerName[] {
  return row.state === 'phase' ? row.phases.map(({ phase }) => phase) : [row.state]
}

function drawDiagram(placed: readonly Placed[], rows: readonly ResultRow[], title: string): string {
  const x = createAxis(
    'composition (weight fraction)',
    unique(placed.map(row => row.composition)),
    plot.left,
    plot.right,
  )
  const y = createAxis('temperature (°C)', unique(placed.map(row => row.temperature)), plot.bottom, plot.top, 44)
  const points = spread(placed.map(row => ({ row, x: x.place(row.composition), y: y.place(row.temperature) })))
  const radius = radiusFor(points)
  const missing = rows.length - placed.length
  return drawChart({
    title,
    subtitle: describeSeries(rows),
    footnote: missing === 0 ? '' : `Not shown, because composition or temperature is unknown: ${missing}.`,
    x,
    y,
    body: points.map(point =>
      drawMarker(inLegendOrder(markersOf(point.row)), point.x, point.y, radius, escapeXml(tipOf(point.row))),
    ),
    legend: legendOf(placed),
  })
}

/** The halves of a split marker always stand the same way round, so that a two-phase band reads as one. */
function inLegendOrder(names: readonly MarkerName[]): MarkerName[] {
  return names.toSorted((a, b) => markerNames.indexOf(a) - markerNames.indexOf(b))
}

type Point = { row: Placed; x: number; y: number }

/** Repeated measurements of one sample stand side by side. */
function spread(points: readonly Point[]): Point[] {
  const groups = Map.groupBy(points, point => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`)
  const radius = radiusFor(points)
  return [...groups.values()].flatMap(group =>
    group.map((point, at) => ({ ...point, x: point.x + (at - (group.length - 1) / 2) * 2.2 * radius })),
  )
}

/** As large as the closest neighbours (of a typical point) leave room for. */
function radiusFor(points: readonly Point[]): number {
  const apart = (values: number[]) => {
    const sorted = unique(values.map(value => Math.round(value)))
    const gaps = sorted.slice(1).map((value, at) => value - sorted[at]!)
    return gaps.length === 0 ? Infinity : gaps.sort((a, b) => a - b)[gaps.length >> 2]!
  }
  const room = Math.min(apart(points.map(point => point.x)), apart(points.map(point => point.y)))
  return Math.max(smallestRadius, Math.min(largestRadius, room / 2.6))
}

function legendOf(rows: readonly ResultRow[]): LegendEntry[] {
  const shown = rows.map(markersOf)
  const entries = markerNames
    .map(name => legendEntry(name, shown.filter(names => names.includes(name)).length))
    .filter(entry => entry.count! > 0)
  const pairs = shown.filter(names => names.length > 1)
  return pairs.length === 0
    ? entries
    : [...entries, { names: inLegendOrder(pairs[0]!), label: 'both coexist', count: pairs.length }]
}

function tipOf(row: ResultRow): string {
  const found = row.phases.map(({ phase, lattice }) => `${phase} ${lattice.toFixed(1)} Å`)
  return `${row.file}: ${found.length > 0 ? `${found.join(' + ')} (confidence ${row.confidence.toFixed(2)})` : row.state}`
}

function isPlaced(row: ResultRow): row is Placed {
  return row.composition !== null && row.temperature !== null
}

function unique(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b)
}

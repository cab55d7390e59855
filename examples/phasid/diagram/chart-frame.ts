/** What both kinds of diagram share: page, title, axes with grid and ticks, legend, footnote. */
import type { Axis } from './axis.ts'
import { drawMarker, markerDefinitions, markers, type MarkerName } from './markers.ts'
import { element, text } from './svg.ts'

const page = { width: 1000, height: 660 }
/** Where the axes are, in pixels. */
export const plot = { left: 84, right: 700, top: 92, bottom: 566 }

export type LegendEntry = { names: readonly MarkerName[]; label: string; count?: number }

export type Chart = {
  title: string
  subtitle: string
  footnote: string
  x: Axis
  y: Axis
  /** SVG of what stands inside the axes. */
  body: string[]
  legend: LegendEntry[]
}

const ink = '#222222'
const grey = '#666666'
const legendLeft = plot.right + 30
const legendRow = 27

/** The whole drawing as the text of an SVG file. */
export function drawChart(chart: Chart): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width: page.width,
    height: page.height,
    viewBox: `0 0 ${page.width} ${page.height}`,
    'font-family': 'Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif',
    'font-size': 14,
    fill: ink,
    role: 'img',
  }
  return `${element(
    'svg',
    attributes,
    element('title', {}, text(chart.title, {}).replaceAll(/<[^>]*>/g, '')),
    markerDefinitions,
    element('rect', { width: page.width, height: page.height, fill: 'white' }),
    text(chart.title, { x: plot.left, y: 40, 'font-size': 22, 'font-weight': 'bold' }, 66),
    text(chart.subtitle, { x: plot.left, y: 66, fill: grey }, 110),
    ...drawXAxis(chart.x),
    ...drawYAxis(chart.y),
    element('rect', { ...box(), fill: 'none', stroke: ink }),
    ...chart.body,
    ...drawLegend(chart.legend),
    text(chart.footnote, { x: plot.left, y: page.height - 16, fill: grey, 'font-size': 12 }, 140),
  )}\n`
}

/** A legend entry for a marker with its usual label. */
export function legendEntry(name: MarkerName, count?: number): LegendEntry {
  return { names: [name], label: markers[name].label, count }
}

function box() {
  return { x: plot.left, y: plot.top, width: plot.right - plot.left, height: plot.bottom - plot.top }
}

function drawXAxis(axis: Axis): string[] {
  const ticks = axis.ticks.flatMap(tick => {
    const x = axis.place(tick.value)
    return [
      element('path', { d: `M${x.toFixed(2)} ${plot.top}V${plot.bottom}`, stroke: '#E6E6E6' }),
      element('path', { d: `M${x.toFixed(2)} ${plot.bottom}v6`, stroke: ink }),
      text(tick.label, { x, y: plot.bottom + 23, 'text-anchor': 'middle' }),
    ]
  })
  const middle = (plot.left + plot.right) / 2
  return [...ticks, text(axis.label, { x: middle, y: plot.bottom + 50, 'text-anchor': 'middle', 'font-size': 16 })]
}

function drawYAxis(axis: Axis): string[] {
  const ticks = axis.ticks.flatMap(tick => {
    const y = axis.place(tick.value)
    return [
      element('path', { d: `M${plot.left} ${y.toFixed(2)}H${plot.right}`, stroke: '#E6E6E6' }),
      element('path', { d: `M${plot.left} ${y.toFixed(2)}h-6`, stroke: ink }),
      text(tick.label, { x: plot.left - 11, y: y + 5, 'text-anchor': 'end' }),
    ]
  })
  const middle = (plot.top + plot.bottom) / 2
  const turned = { transform: `translate(24 ${middle}) rotate(-90)`, 'text-anchor': 'middle', 'font-size': 16 }
  return [...ticks, text(axis.label, turned)]
}

function drawLegend(entries: readonly LegendEntry[]): string[] {
  return entries.flatMap(({ names, label, count }, row) => {
    const y = plot.top + 14 + row * legendRow
    const counted = count === undefined ? label : `${label}: ${count}`
    return [drawMarker(names, legendLeft, y, 8), text(counted, { x: legendLeft + 20, y: y + 5 }, 36)]
  })
}

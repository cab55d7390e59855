/**
 * How each phase and state is drawn. Phases differ in colour (Okabe and Ito's palette, told apart by colour-blind people) and
 * in shape, so that the diagram survives a black and white printer. What is no phase is pale or hollow.
 */
import type { ResultRow } from '../analyse-profile.ts'
import { phases, type PhaseName } from '../reflections.ts'
import { element } from './svg.ts'

/** A marker of radius 1 around the origin, and what the legend says about it. */
export type Marker = { label: string; path: string; fill: string; stroke: string; isLine?: boolean }

export type MarkerName = PhaseName | Exclude<ResultRow['state'], 'phase'>

const ink = '#333333'

export const markers: Readonly<Record<MarkerName, Marker>> = {
  H: solid('H', '#0072B2', polygon(6, 90)),
  Im3m: solid('Im3m', '#E69F00', polygon(3, 90)),
  Pn3m: solid('Pn3m', '#D55E00', polygon(4, 90)),
  Ia3d: solid('Ia3d', '#CC79A7', circle(0.92)),
  La: solid('La', '#009E73', polygon(4, 45)),
  Fd3m: solid('Fd3m', '#56B4E9', polygon(3, -90)),
  Pm3n: solid('Pm3n', '#F0E442', polygon(5, 90)),
  Fm3m: solid('Fm3m', '#5B3A8C', polygon(8, 22.5)),
  disordered: { label: 'disordered (L1, sponge)', path: circle(0.8), fill: '#D5DCE2', stroke: '#8896A3' },
  'single-peak': { label: 'one peak: La or H', path: polygon(4, 45), fill: 'white', stroke: ink },
  unassigned: { label: 'peaks, no phase fits', path: circle(0.9), fill: 'white', stroke: ink },
  none: { label: 'no peak', path: circle(0.4), fill: 'white', stroke: ink },
  error: { label: 'unreadable', path: cross(0.65), fill: 'none', stroke: ink, isLine: true },
}

/** In this order the legend lists them. */
export const markerNames = Object.keys(markers) as MarkerName[]

/** Half planes for split markers; to stand once in the drawing. */
export const markerDefinitions = element(
  'defs',
  {},
  element('clipPath', { id: 'left-half' }, element('rect', { x: -1.5, y: -1.5, width: 1.5, height: 3 })),
  element('clipPath', { id: 'right-half' }, element('rect', { x: 0, y: -1.5, width: 1.5, height: 3 })),
)

/** One marker, or for coexisting phases the left half of one and the right half of the other. */
export function drawMarker(names: readonly MarkerName[], x: number, y: number, radius: number, tip = ''): string {
  const [first, second] = names
  const shapes =
    first === undefined || second === undefined
      ? [drawShape(first ?? 'none', radius)]
      : [
          element('g', { 'clip-path': 'url(#left-half)' }, drawShape(first, radius)),
          element('g', { 'clip-path': 'url(#right-half)' }, drawShape(second, radius)),
          element('path', { d: 'M0-1.15V1.15', stroke: ink, 'stroke-width': (1 / radius).toFixed(3) }),
        ]
  const at = { transform: `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${radius.toFixed(2)})` }
  return element('g', at, ...(tip === '' ? [] : [element('title', {}, tip)]), ...shapes)
}

function drawShape(name: MarkerName, radius: number): string {
  const { path, fill, stroke, isLine = false } = markers[name]
  const width = (isLine ? 2 : 1.3) / radius
  return element('path', { d: path, fill, stroke, 'stroke-width': width.toFixed(3), 'stroke-linejoin': 'round' })
}

function solid(phase: PhaseName, fill: string, path: string): Marker {
  return { label: phases[phase].label, path, fill, stroke: ink }
}

/** Corners on a circle that gives all shapes about the same area. */
function polygon(corners: number, firstDegrees: number): string {
  const radius = corners === 3 ? 1.25 : corners === 4 ? 1.12 : 1
  const points = Array.from({ length: corners }, (_, corner) => {
    const angle = ((firstDegrees + (360 * corner) / corners) * Math.PI) / 180
    return `${(radius * Math.cos(angle)).toFixed(3)} ${(-radius * Math.sin(angle)).toFixed(3)}`
  })
  return `M${points.join('L')}Z`
}

function circle(radius: number): string {
  return `M${-radius} 0a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0Z`
}

function cross(size: number): string {
  return `M${-size} ${-size}L${size} ${size}M${-size} ${size}L${size} ${-size}`
}

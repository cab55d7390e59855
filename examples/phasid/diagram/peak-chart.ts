/** The diagram of a series without compositions: every sharp peak of every profile, marked by the phase that explains it. */
import type { ResultRow } from '../analyse-profile.ts'
import { createAxis } from './axis.ts'
import { drawChart, legendEntry, plot } from './chart-frame.ts'
import { drawMarker, markerNames, type MarkerName } from './markers.ts'
import { escapeXml } from './svg.ts'

/** Marker of a peak that belongs to no phase, and of a profile that could not be read (at the foot of its column). */
const unexplained: MarkerName = 'unassigned'
const unreadable: MarkerName = 'error'
const hump: MarkerName = 'disordered'

type Mark = { names: MarkerName[]; column: number; q: number; tip: string }

/** Profile number against q of its peaks. */
export function drawPeakChart(rows: readonly ResultRow[], title: string, subtitle: string): string {
  const marks = rows.flatMap(marksOf)
  const x = createAxis(
    'profile (in the order of the file names)',
    rows.map((_, at) => at + 1),
    plot.left,
    plot.right,
  )
  const y = createAxis('q (1/Å)', [0, ...marks.map(mark => mark.q)], plot.bottom, plot.top, 44)
  const radius = Math.max(3, Math.min(8, (plot.right - plot.left) / Math.max(1, rows.length) / 2.4))
  return drawChart({
    title,
    subtitle,
    footnote:
      'Composition and temperature are not known for these samples: name the files after them or add samples.csv.',
    x: { ...x, ticks: x.ticks.filter(isCount).map(({ value }) => ({ value, label: String(value) })) },
    y,
    body: marks.map(({ names, column, q, tip }) =>
      drawMarker(names, x.place(column), y.place(q), radius, escapeXml(tip)),
    ),
    legend: markerNames.filter(name => marks.some(mark => mark.names.includes(name))).map(labelled),
  })
}

function marksOf(row: ResultRow, at: number): Mark[] {
  const mark = (names: MarkerName[], q: number) => ({
    names,
    column: at + 1,
    q,
    tip: `${row.file}: q ${q.toFixed(4)} 1/Å`,
  })
  if (row.state === 'error') return [{ ...mark([unreadable], 0), tip: `${row.file}: ${row.reason ?? ''}` }]
  if (row.state === 'disordered') return row.humps.map(({ q }) => mark([hump], q))
  return row.peaks.map(({ q }) => {
    const owners = row.phases.filter(phase => phase.peaks.some(peak => peak.q === q)).map(({ phase }) => phase)
    return mark(owners.length > 0 ? owners : [unexplained], q)
  })
}

function isCount({ value }: { value: number }): boolean {
  return Number.isInteger(value) && value > 0
}

function labelled(name: MarkerName) {
  return name === unexplained ? { names: [name], label: 'peak of no phase' } : legendEntry(name)
}

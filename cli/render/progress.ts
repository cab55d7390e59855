/** Bars and counts. */
import { dot, TASK_LOOKS, type Palette, type Surface, type TaskState } from './colours.ts'

export type Counts = Partial<Record<TaskState, number>>

const ENDED: readonly TaskState[] = ['done', 'skipped', 'stopped', 'cancelled', 'failed', 'aborted']
const ALL = Object.keys(TASK_LOOKS) as TaskState[]

export function totalOf(counts: Counts): number {
  return ALL.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
}

/** Tasks that will not change any more. */
export function endedOf(counts: Counts): number {
  return ENDED.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
}

/** `41 done · 4 running · 1 failed`; states without tasks are left out. */
export function countsLine(counts: Counts, surface: Surface, states: readonly TaskState[] = ALL): string {
  return states
    .filter(state => (counts[state] ?? 0) > 0)
    .map(state => {
      const { colour, label } = TASK_LOOKS[state]
      return surface.palette[colour](`${counts[state]} ${label}`)
    })
    .join(dot(surface))
}

/** A bar of `width` columns: what is done, failed, running and still to come, in their colours. */
export function progressBar(counts: Counts, width: number, surface: Surface): string {
  const total = totalOf(counts)
  const parts: Part[] = [
    { count: (counts.done ?? 0) + (counts.skipped ?? 0), colour: 'green' },
    { count: (counts.stopped ?? 0) + (counts.cancelled ?? 0), colour: 'yellow' },
    { count: (counts.failed ?? 0) + (counts.aborted ?? 0), colour: 'red' },
    { count: counts.lost ?? 0, colour: 'red', open: true },
    { count: counts.claimed ?? 0, colour: 'blue', open: true },
  ]
  return segments(parts, total, width, surface)
}

/** A small bar for busy of capacity, as in `██░░ 2/4`. */
export function busyBar(busy: number, capacity: number, width: number, surface: Surface): string {
  const { palette, unicode } = surface
  const filled = capacity === 0 ? 0 : Math.min(width, Math.round((busy / capacity) * width))
  const shown = busy > 0 ? Math.max(1, filled) : 0
  const [full, empty] = unicode ? ['▰', '▱'] : ['#', '.']
  return palette.blue(full.repeat(shown)) + palette.dim(empty.repeat(width - shown))
}

interface Part {
  count: number
  colour: keyof Palette
  /** Begun and not ended: seen also without colours. */
  open?: true
}

function segments(parts: Part[], total: number, width: number, { palette, unicode }: Surface): string {
  const [full, half, empty] = unicode ? ['━', '╍', '─'] : ['#', '>', '-']
  let used = 0
  let sum = 0
  let bar = ''
  for (const { count, colour, open } of parts) {
    if (count === 0 || total === 0) continue
    sum += count
    // Something that exists is seen, and nothing that is still to come is covered.
    const upTo = sum === total ? width : Math.min(width - 1, Math.max(used + 1, Math.floor((sum / total) * width)))
    const columns = Math.max(0, upTo - used)
    bar += palette[colour]((open ? half : full).repeat(columns))
    used += columns
  }
  return bar + palette.dim(empty.repeat(Math.max(0, width - used)))
}

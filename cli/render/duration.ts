/** Durations and moments as people read them. */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `12 ms`, `0.3 s`, `42 s`, `3m 05s`, `2h 07m`, `4d 03h`. Negative durations (clocks differ) read as 0. */
export function formatDuration(ms: number): string {
  const duration = Math.max(0, ms)
  if (duration < 99.5) return `${Math.round(duration)} ms`
  if (duration < 9.95 * SECOND) return `${(duration / SECOND).toFixed(1)} s`
  const seconds = Math.round(duration / SECOND)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  const minutes = Math.round(duration / MINUTE)
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`
  const hours = Math.round(duration / HOUR)
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`
}

/** Like {@link formatDuration} without fractions: for ages that are repainted. `0 s`, `42 s`, `3m 05s`. */
export function formatAge(ms: number): string {
  return ms < 10 * SECOND
    ? `${Math.floor(Math.max(0, ms) / SECOND)} s`
    : formatDuration(Math.floor(ms / SECOND) * SECOND)
}

/** `12:04:31` when `iso` is less than a day before `now`, else `2026-03-14 12:04`. */
export function formatMoment(iso: string, now: number, timeZone?: string): string {
  const time = Date.parse(iso)
  if (Number.isNaN(time)) return iso
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('sv-SE', { timeZone, ...options }).format(time)
  if (Math.abs(now - time) < DAY) return part({ hour: '2-digit', minute: '2-digit', second: '2-digit' })
  return part({ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' })
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

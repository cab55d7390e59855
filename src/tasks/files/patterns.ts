/** Patterns for names and paths below a folder: `*`, `?`, `[0-9]`, `{tif,cbf}`, and `**` for any number of folders. Pure. */
import { matchesGlob } from 'node:path'

/** With `recursive`, a pattern is looked for in every folder below. */
export function effectivePatterns(patterns: readonly string[], recursive: boolean): string[] {
  return patterns.map(pattern => (recursive && !pattern.startsWith('**/') ? `**/${pattern}` : pattern))
}

export function matchesAny(relative: string, patterns: readonly string[]): boolean {
  return patterns.some(pattern => matchesGlob(relative, pattern))
}

/** How deep a folder must be read to find all that can match. */
export function depthOf(patterns: readonly string[]): number {
  const depths = patterns.map(pattern =>
    pattern.includes('**') ? Number.POSITIVE_INFINITY : pattern.split('/').length,
  )
  return Math.max(1, ...depths)
}

/** Wildcards do not match a leading dot, so hidden folders (such as `.snapshot`) need only be entered when one is named. */
export function namesHidden(patterns: readonly string[]): boolean {
  return patterns.some(pattern => /(^|[/{,])\./.test(pattern))
}

/** Excluded are names as well as paths: `*.tmp` is left out wherever it is. */
export function isLeftOut(entry: { relative: string; name: string }, exclude: readonly string[]): boolean {
  return exclude.length > 0 && (matchesAny(entry.relative, exclude) || matchesAny(entry.name, exclude))
}

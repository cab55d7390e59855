/** Suggestions for names that were typed wrong. */

/** More candidates are not looked at: a hint may not cost more than what it explains. */
const MAX_CANDIDATES = 1000
/** More names are not listed when none is similar. */
const MAX_LISTED = 12

/** A hint sentence: the most similar name, or the names there are. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const known = Array.from(candidates)
  const similar = mostSimilar(word, known) ?? sameBeginning(word, known)
  if (similar !== undefined) return `Did you mean "${similar}"?`
  if (known.length === 0) return 'There are none.'
  const listed = known.slice(0, MAX_LISTED).map(name => `"${name}"`)
  return `Known: ${listed.join(', ')}${known.length > MAX_LISTED ? `, and ${known.length - MAX_LISTED} more` : ''}.`
}

/** The candidate that takes the fewest edits to become `word`, if that is few enough; letter case does not count. */
export function mostSimilar(word: string, candidates: readonly string[]): string | undefined {
  const wanted = normalize(word)
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates.slice(0, MAX_CANDIDATES)) {
    const name = normalize(candidate)
    if (Math.abs(name.length - wanted.length) >= bestDistance) continue
    const distance = editDistance(wanted, name)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

const MIN_SAME_BEGINNING = 4

/** `retry` for `retries`, `timeout` for `timeoutMs`: the one candidate that begins with most of the word. */
function sameBeginning(word: string, candidates: readonly string[]): string | undefined {
  const wanted = normalize(word)
  const least = Math.max(MIN_SAME_BEGINNING, Math.ceil((wanted.length * 2) / 3))
  const beginning = wanted.slice(0, least)
  const alike = candidates.slice(0, MAX_CANDIDATES).filter(candidate => normalize(candidate).startsWith(beginning))
  return beginning.length < least || alike.length !== 1 ? undefined : alike[0]
}

function normalize(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `from` into `to`. */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1]
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforePrevious[column - 2] ?? Infinity) + 1 : Infinity,
      )
    }
    ;[beforePrevious, previous] = [previous, current]
  }
  return previous[to.length] ?? Infinity
}

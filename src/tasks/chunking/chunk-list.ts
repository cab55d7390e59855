/** Groups the entries of a list by what a pattern finds in them. Pure. */

export interface ChunkRules {
  /** What is equal within a chunk: its group `match`, else its first group, else all that it finds. Entries without it are left out. */
  pattern: RegExp
  /** An entry that ends the chunk before it; only where chunks are consecutive. */
  flushString: string
  /** Entries of one chunk follow each other (others may be left out between them); else all equal ones of the list are one chunk. */
  forceConsecutive: boolean
}

export interface Chunks {
  complete: string[][]
  /** The last one, when nothing says that it is complete; empty when there is none. */
  open: string[]
}

export function chunkList(list: readonly string[], rules: ChunkRules): Chunks {
  return rules.forceConsecutive ? consecutive(list, rules) : byMatch(list, rules)
}

function consecutive(list: readonly string[], { pattern, flushString }: ChunkRules): Chunks {
  const complete: string[][] = []
  let open: string[] = []
  let current: string | undefined
  const flush = (): void => {
    if (open.length > 0) complete.push(open)
    open = []
  }
  for (const entry of list) {
    if (entry === flushString) flush()
    const match = entry === flushString ? undefined : matchOf(entry, pattern)
    if (match === undefined) continue
    if (match !== current) flush()
    current = match
    open.push(entry)
  }
  return { complete, open }
}

/** In the order in which their first entries come. */
function byMatch(list: readonly string[], { pattern }: ChunkRules): Chunks {
  const chunks = new Map<string, string[]>()
  for (const entry of list) {
    const match = matchOf(entry, pattern)
    if (match === undefined) continue
    const chunk = chunks.get(match) ?? []
    chunk.push(entry)
    chunks.set(match, chunk)
  }
  return { complete: [...chunks.values()], open: [] }
}

function matchOf(entry: string, pattern: RegExp): string | undefined {
  const found = pattern.exec(entry)
  return found === null ? undefined : (found.groups?.['match'] ?? found[1] ?? found[0])
}

/** Every `factor`-th entry, beginning with the first. */
export function decimated(chunk: readonly string[], factor: number): string[] {
  return chunk.filter((_, index) => index % factor === 0)
}

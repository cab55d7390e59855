type Esbuild = typeof import('esbuild')

/**
 * Starting the helper takes longer than bundling a workflow: who submits one run after the other starts it once. It keeps no process alive
 * that has nothing else to do.
 */
const KEPT_MS = 5000

interface Use {
  users: number
  ending: NodeJS.Timeout | undefined
}

/**
 * Of the whole process: this module is in it several times, from its source and in bundles, and they share esbuild. One that ended the helper
 * under another's build would leave that for ever without an answer, and a process that waits for nothing else ends without a word.
 */
const use: Use = ((globalThis as { [key: symbol]: unknown })[Symbol.for('lightflow.esbuild')] ??= {
  users: 0,
  ending: undefined,
}) as Use

/**
 * Lends esbuild out. It is loaded only now (worker threads never need it), and its helper process ends a moment after the last user: a peer
 * that lives for months does not keep it.
 */
export async function withEsbuild<Result>(
  work: (esbuild: Esbuild) => Promise<Result>,
  keptMs = KEPT_MS,
): Promise<Result> {
  use.users += 1
  clearTimeout(use.ending)
  let esbuild: Esbuild | undefined
  try {
    esbuild = await import('esbuild')
    return await work(esbuild)
  } finally {
    use.users -= 1
    if (use.users === 0 && esbuild !== undefined) endLater(esbuild, keptMs)
  }
}

function endLater({ stop }: Esbuild, keptMs: number): void {
  clearTimeout(use.ending)
  use.ending = setTimeout(() => void stop(), keptMs).unref()
}

type Esbuild = typeof import('esbuild')

/**
 * Starting the helper takes longer than bundling a workflow: who submits one run after the other starts it once. It keeps no process alive
 * that has nothing else to do.
 */
const KEPT_MS = 5000

let users = 0
let ending: NodeJS.Timeout | undefined

/**
 * Lends esbuild out. It is loaded only now (worker threads never need it), and its helper process ends a moment after the last user: a peer
 * that lives for months does not keep it.
 */
export async function withEsbuild<Result>(
  use: (esbuild: Esbuild) => Promise<Result>,
  keptMs = KEPT_MS,
): Promise<Result> {
  users += 1
  clearTimeout(ending)
  let esbuild: Esbuild | undefined
  try {
    esbuild = await import('esbuild')
    return await use(esbuild)
  } finally {
    users -= 1
    if (users === 0 && esbuild !== undefined) endLater(esbuild, keptMs)
  }
}

function endLater({ stop }: Esbuild, keptMs: number): void {
  clearTimeout(ending)
  ending = setTimeout(() => void stop(), keptMs).unref()
}

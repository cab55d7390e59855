type Esbuild = typeof import('esbuild')

let users = 0

/**
 * Lends esbuild out. It is loaded only now (worker threads never need it), and its helper process ends with the last user: a peer
 * that lives for months does not keep it.
 */
export async function withEsbuild<Result>(use: (esbuild: Esbuild) => Promise<Result>): Promise<Result> {
  users += 1
  let esbuild: Esbuild | undefined
  try {
    esbuild = await import('esbuild')
    return await use(esbuild)
  } finally {
    users -= 1
    if (users === 0) await esbuild?.stop()
  }
}

/** Does something to a path and, if wanted, to all that is below it. */
import { lstat } from 'node:fs/promises'
import { basename } from 'node:path'
import { kindOf, type TreeEntry, walkTree } from './walk-tree.ts'

export interface ChangeOptions {
  recursive: boolean
  onlyDirs: boolean
  foldersLast?: boolean
  change: (entry: TreeEntry) => Promise<void>
}

export async function changeTree(root: string, options: ChangeOptions): Promise<void> {
  const { recursive, onlyDirs, foldersLast = false } = options
  const kind = kindOf(await lstat(root))
  const change = async (entry: TreeEntry): Promise<void> => {
    if (!onlyDirs || entry.kind === 'folder') await options.change(entry)
  }
  const top = { path: root, relative: '', name: basename(root), kind }
  if (!foldersLast) await change(top)
  if (recursive && kind === 'folder') for await (const entry of walkTree(root, { foldersLast })) await change(entry)
  if (foldersLast) await change(top)
}

import type { SectionTable, Tables } from '../tables.ts'
import type { Prepare } from './statements.ts'

type StoreTable = Pick<Tables, 'leaves' | 'putBundle' | 'bundle'>

export function storeTable(prepare: Prepare): StoreTable {
  const leaf = prepare('SELECT value FROM leaves WHERE run = ? AND section = ? AND path = ?')
  const below = 'run = ? AND section = ? AND path > ? AND path < ?'
  const leavesBelow = prepare(`SELECT path, value FROM leaves WHERE ${below} ORDER BY path`)
  const put = prepare('INSERT OR REPLACE INTO leaves (run, section, path, value) VALUES (?, ?, ?, ?)')
  const deleteLeaf = prepare('DELETE FROM leaves WHERE run = ? AND section = ? AND path = ?')
  const deleteBelow = prepare(`DELETE FROM leaves WHERE ${below}`)
  const deleteAll = prepare('DELETE FROM leaves WHERE run = ? AND section = ?')
  const all = prepare('SELECT path, value FROM leaves WHERE run = ? AND section = ?')
  const putBundle = prepare('INSERT OR IGNORE INTO bundles (hash, bytes) VALUES (?, ?)')
  const bundle = prepare('SELECT bytes FROM bundles WHERE hash = ?')

  return {
    leaves(run, section): SectionTable {
      return {
        leaf: path => leaf.get(run, section, path)?.value as Uint8Array | undefined,
        leavesBelow: path =>
          leavesBelow
            .all(run, section, ...rangeBelow(path))
            .map(({ path, value }) => [String(path), value as Uint8Array]),
        putLeaf: (path, value) => put.run(run, section, path, value),
        deleteLeaf: path => deleteLeaf.run(run, section, path),
        deleteLeavesBelow: path => deleteBelow.run(run, section, ...rangeBelow(path)),
        deleteAll: () => deleteAll.run(run, section),
        all: () => all.all(run, section).map(({ path, value }) => [String(path), value as Uint8Array]),
      }
    },
    putBundle: (hash, bytes) => putBundle.run(hash, bytes),
    bundle: hash => bundle.get(hash)?.bytes as Uint8Array | undefined,
  }
}

/** All that starts with `path` and a dot: "/" is the character after ".". */
function rangeBelow(path: string): [from: string, to: string] {
  return [`${path}.`, `${path}/`]
}

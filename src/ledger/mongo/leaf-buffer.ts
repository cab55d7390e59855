/** Some leaves of a store in memory: the rules of `store-leaves.ts` change them, and what they changed is written. */
import type { EncodedLeaf } from '../store-leaves.ts'
import type { LeafTable } from '../tables.ts'

export class LeafBuffer implements LeafTable {
  readonly #leaves: Map<string, Uint8Array>
  readonly #changes = new Map<string, Uint8Array | null>()
  #cleared: string | null = null

  constructor(leaves: readonly EncodedLeaf[]) {
    this.#leaves = new Map(leaves)
  }

  /** In no order: each path once. null = deleted. */
  changes(): { path: string; value: Uint8Array | null }[] {
    return Array.from(this.#changes, ([path, value]) => ({ path, value }))
  }

  /** Below this path everything is deleted that `changes` does not put; null when nothing is. Leaves there need not have been given. */
  get cleared(): string | null {
    return this.#cleared
  }

  leaf(path: string): Uint8Array | undefined {
    return this.#leaves.get(path)
  }

  leavesBelow(path: string): EncodedLeaf[] {
    const below = [...this.#leaves].filter(([leaf]) => leaf.startsWith(`${path}.`))
    return below.sort(([one], [other]) => (one < other ? -1 : 1))
  }

  putLeaf(path: string, value: Uint8Array): void {
    this.#leaves.set(path, value)
    this.#changes.set(path, value)
  }

  deleteLeaf(path: string): void {
    if (this.#leaves.delete(path)) this.#changes.set(path, null)
  }

  deleteLeavesBelow(path: string): void {
    for (const [leaf] of this.leavesBelow(path)) {
      this.#leaves.delete(leaf)
      this.#changes.delete(leaf)
    }
    this.#cleared = path
  }

  deleteAll(): void {
    for (const path of this.#leaves.keys()) this.deleteLeaf(path)
  }
}

/** One section of one run's store, as a tree of path parts. */
import type { SectionTable } from '../tables.ts'
import type { UndoLog } from './undo-log.ts'

interface Node {
  value: Uint8Array | undefined
  readonly children: Map<string, Node>
}

export class MemoryLeaves implements SectionTable {
  readonly #root: Node = { value: undefined, children: new Map() }
  readonly #undo: UndoLog

  constructor(undo: UndoLog) {
    this.#undo = undo
  }

  leaf(path: string): Uint8Array | undefined {
    return this.#find(path)?.value
  }

  leavesBelow(path: string): [string, Uint8Array][] {
    const node = this.#find(path)
    const leaves = node === undefined ? [] : Array.from(leavesUnder(node, path))
    return leaves.sort(([one], [other]) => (one < other ? -1 : 1))
  }

  putLeaf(path: string, value: Uint8Array): void {
    let node = this.#root
    for (const part of path.split('.')) {
      const child: Node = node.children.get(part) ?? { value: undefined, children: new Map() }
      if (!node.children.has(part)) this.#undo.set(node.children, part, child)
      node = child
    }
    this.#setValue(node, value)
  }

  deleteLeaf(path: string): void {
    const node = this.#find(path)
    if (node !== undefined && node.value !== undefined) this.#setValue(node, undefined)
  }

  deleteLeavesBelow(path: string): void {
    const node = this.#find(path)
    if (node !== undefined) this.#dropChildren(node)
  }

  deleteAll(): void {
    this.#dropChildren(this.#root)
  }

  all(): [string, Uint8Array][] {
    return Array.from(leavesUnder(this.#root, ''))
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const part of path.split('.')) node = node?.children.get(part)
    return node
  }

  #setValue(node: Node, value: Uint8Array | undefined): void {
    const before = node.value
    node.value = value
    this.#undo.note(() => (node.value = before))
  }

  #dropChildren({ children }: Node): void {
    for (const name of children.keys()) this.#undo.delete(children, name)
  }
}

function* leavesUnder({ children }: Node, path: string): Generator<[string, Uint8Array]> {
  for (const [part, child] of children) {
    const childPath = path === '' ? part : `${path}.${part}`
    if (child.value !== undefined) yield [childPath, child.value]
    yield* leavesUnder(child, childPath)
  }
}

/** The part of a graph that decides about cycles; nodes are anything that can be a key. */
interface Arrow<Node> {
  readonly from: Node
  readonly to: Node
}

/**
 * A cycle as the list of its nodes (each has an arrow to the next, the last one to the first), or undefined when there is none.
 * Linear in nodes and arrows, and without recursion: a chain may be as long as memory allows.
 */
export function findCycle<Node>(nodes: Iterable<Node>, arrows: readonly Arrow<Node>[]): Node[] | undefined {
  const remaining = withoutFreeNodes(nodes, arrows)
  if (remaining.size === 0) return undefined

  // Every remaining node has a remaining predecessor: walking backwards must come round.
  const predecessor = new Map<Node, Node>()
  for (const { from, to } of arrows) if (remaining.has(from) && remaining.has(to)) predecessor.set(to, from)
  const seenAt = new Map<Node, number>()
  const walk: Node[] = []
  let node = remaining.values().next().value as Node
  while (!seenAt.has(node)) {
    seenAt.set(node, walk.push(node) - 1)
    node = predecessor.get(node) as Node
  }
  return walk.slice(seenAt.get(node)).toReversed()
}

/** Takes away, again and again, every node without predecessors. What is left is on a cycle or behind one. */
function withoutFreeNodes<Node>(nodes: Iterable<Node>, arrows: readonly Arrow<Node>[]): Set<Node> {
  const remaining = new Set(nodes)
  const waitingFor = new Map<Node, number>()
  const successors = new Map<Node, Node[]>()
  for (const { from, to } of arrows) {
    waitingFor.set(to, (waitingFor.get(to) ?? 0) + 1)
    const list = successors.get(from)
    if (list === undefined) successors.set(from, [to])
    else list.push(to)
  }
  const free = Array.from(remaining).filter(node => !waitingFor.has(node))
  while (free.length > 0) {
    const node = free.pop() as Node
    remaining.delete(node)
    for (const successor of successors.get(node) ?? []) {
      const count = (waitingFor.get(successor) ?? 0) - 1
      waitingFor.set(successor, count)
      if (count === 0) free.push(successor)
    }
  }
  return remaining
}

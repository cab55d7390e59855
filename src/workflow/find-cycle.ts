/** The part of a graph that decides about cycles; nodes are anything that can be a key. */
interface Arrow<Node> {
  readonly from: Node
  readonly to: Node
}

/**
 * A cycle as the list of its nodes (each has an arrow to the next, the last one to the first), or undefined when there is none.
 * Linear in nodes and arrows, and without recursion: a chain may be as long as memory allows. Nodes are counted, not kept in Maps and lists
 * of their own: every thread that runs tasks of a workflow looks through its DAGs.
 */
export function findCycle<Node>(nodes: Iterable<Node>, arrows: readonly Arrow<Node>[]): Node[] | undefined {
  const places = new Map<Node, number>()
  for (const node of nodes) if (!places.has(node)) places.set(node, places.size)
  const graph: Numbered = { from: placesOf(arrows, 'from', places), to: placesOf(arrows, 'to', places) }
  const isFree = freeNodes(places.size, graph)
  const first = isFree.indexOf(0)
  if (first === -1) return undefined

  // Every remaining node has a remaining predecessor: walking backwards must come round.
  const predecessor = new Int32Array(places.size)
  for (const [arrow, to] of graph.to.entries()) {
    const from = graph.from[arrow]!
    if (isFree[from] === 0 && isFree[to] === 0) predecessor[to] = from
  }
  const seenAt = new Map<number, number>()
  const walk: number[] = []
  let node = first
  while (!seenAt.has(node)) {
    seenAt.set(node, walk.push(node) - 1)
    node = predecessor[node]!
  }
  const all = [...places.keys()]
  return walk
    .slice(seenAt.get(node))
    .toReversed()
    .map(place => all[place]!)
}

/** Arrows by the places of their ends. */
interface Numbered {
  from: Int32Array
  to: Int32Array
}

function placesOf<Node>(
  arrows: readonly Arrow<Node>[],
  end: 'from' | 'to',
  places: ReadonlyMap<Node, number>,
): Int32Array {
  const found = new Int32Array(arrows.length)
  for (let arrow = 0; arrow < found.length; arrow++) found[arrow] = places.get(arrows[arrow]![end])!
  return found
}

/** Takes away, again and again, every node without predecessors (1). What is left (0) is on a cycle or behind one. */
function freeNodes(count: number, { from, to }: Numbered): Uint8Array {
  const waitingFor = new Int32Array(count)
  for (const node of to) waitingFor[node]! += 1
  const { starts, arrows } = bySource(count, from)
  const isFree = new Uint8Array(count)
  const free: number[] = []
  for (let node = 0; node < count; node++) if (waitingFor[node] === 0) free.push(node)
  for (let node = free.pop(); node !== undefined; node = free.pop()) {
    isFree[node] = 1
    for (let at = starts[node]!; at < starts[node + 1]!; at++) {
      const successor = to[arrows[at]!]!
      waitingFor[successor]! -= 1
      if (waitingFor[successor] === 0) free.push(successor)
    }
  }
  return isFree
}

/** Numbers of the arrows that leave each node, one node after the other: those of node n lie from `starts[n]` up to `starts[n + 1]`. */
function bySource(count: number, from: Int32Array): { starts: Int32Array; arrows: Int32Array } {
  const starts = new Int32Array(count + 1)
  for (const node of from) starts[node + 1]! += 1
  for (let node = 0; node < count; node++) starts[node + 1]! += starts[node]!
  const next = starts.slice(0, count)
  const arrows = new Int32Array(from.length)
  for (let arrow = 0; arrow < from.length; arrow++) {
    const node = from[arrow]!
    arrows[next[node]!] = arrow
    next[node]! += 1
  }
  return { starts, arrows }
}

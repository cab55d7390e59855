/**
 * Who tries first. Rank costs only latency, never safety: peers with different views of the mesh rank differently, the ledger
 * still gives each claim to one of them.
 */

export interface Candidate {
  session: string
  /** libp2p peer id: what payload holders are named by. */
  peer: string
  /** Bytes of this task's input that the peer already holds. */
  localBytes: number
}

/** Most local bytes first, then rendezvous hash: when one peer goes, only its own tasks find another first. */
export function rankCandidates(task: string, candidates: readonly Candidate[]): Candidate[] {
  return candidates
    .map(candidate => ({ ...candidate, candidate, weight: rendezvousWeight(task, candidate.session) }))
    .sort(compare)
    .map(({ candidate }) => candidate)
}

/**
 * The first of these, and the place of `self` among them (-1 when it is not one of them), as {@link rankCandidates} orders them: for many tasks
 * and many peers, without an order of all for each task.
 */
export function placeAmong(
  task: string,
  candidates: readonly Candidate[],
  self: string,
): { first: Candidate | undefined; place: number } {
  const ranked = candidates.map(({ localBytes, session }) => ({ localBytes, weight: rendezvousWeight(task, session) }))
  const own = ranked[candidates.findIndex(({ session }) => session === self)]
  let place = own === undefined ? -1 : 0
  let first = 0
  for (const [index, one] of ranked.entries()) {
    if (own !== undefined && compare(one, own) < 0) place += 1
    if (compare(one, ranked[first] ?? one) < 0) first = index
  }
  return { first: candidates[first], place }
}

interface Ranked {
  localBytes: number
  weight: number
}

function compare(a: Ranked, b: Ranked): number {
  return b.localBytes - a.localBytes || b.weight - a.weight
}

/**
 * The `count` members that are responsible for `key`, best first. Everybody who knows the same members names the same ones.
 */
export function rankMembers(key: string, members: readonly string[], count: number): string[] {
  return members
    .map(member => ({ member, weight: rendezvousWeight(key, member) }))
    .sort((a, b) => b.weight - a.weight || (a.member < b.member ? -1 : 1))
    .slice(0, count)
    .map(({ member }) => member)
}

/** A well-mixed 32-bit hash of the pair (FNV-1a with the finaliser of MurmurHash3). */
export function rendezvousWeight(key: string, member: string): number {
  let hash = 0x811c9dc5
  for (const text of [key, '\0', member]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

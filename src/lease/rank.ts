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
    .map(candidate => ({ candidate, weight: rendezvousWeight(task, candidate.session) }))
    .sort((a, b) => b.candidate.localBytes - a.candidate.localBytes || b.weight - a.weight)
    .map(({ candidate }) => candidate)
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

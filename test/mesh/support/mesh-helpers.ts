import type { Member, Mesh, ReceivedHint } from '../../../src/mesh/mesh.ts'

export const INCARNATION = '0f8fad5b-d9cb-469f-a165-70867728950e'

export function sessionOf({ peer }: { peer: string }): string {
  return `session of ${peer}`
}

export function memberOf(mesh: Mesh): Member {
  return { peer: mesh.peer, session: sessionOf(mesh), since: 0, addrs: mesh.addrs() }
}

/** Tells every peer that these are the members. */
export function introduce(...meshes: Mesh[]): void {
  const members = meshes.map(memberOf)
  for (const mesh of meshes) mesh.setMembers(members)
}

export function isFullMesh(...meshes: Mesh[]): boolean {
  return meshes.every(mesh => meshes.every(other => other === mesh || mesh.connected().includes(other.peer)))
}

/** The hints that arrive from now on. */
export function hintsAt(mesh: Mesh): ReceivedHint[] {
  const hints: ReceivedHint[] = []
  mesh.on('hint', hint => hints.push(hint))
  return hints
}

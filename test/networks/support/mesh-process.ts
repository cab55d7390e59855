import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Identity } from '../../../src/mesh/libp2p/identity.ts'
import { makeIdentity } from '../../mesh/support/libp2p-peers.ts'
import type { MeshReport, MeshSettings } from './mesh-program.ts'
import type { Host, Site } from './site.ts'

const PROGRAM = fileURLToPath(new URL('mesh-program.ts', import.meta.url))
export const MESH_PORT = 4100

/** A mesh on a host of a site, in a process of its own, and what it told. */
export class MeshProcess {
  readonly host: string
  readonly peer: string
  readonly connected = new Set<string>()
  /** Hints heard, by the peer id of their author. */
  readonly hints = new Map<string, number>()
  readonly #child: ChildProcess
  readonly #ready = Promise.withResolvers<void>()
  #errorText = ''

  constructor(host: Host, settings: MeshSettings) {
    this.host = host.name
    this.peer = settings.peer
    const [command, ...args] = host.space.enter(host.name)
    this.#child = spawn(command, [...args, process.execPath, PROGRAM, JSON.stringify(settings)], { stdio: 'pipe' })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errorText += text))
    this.#child.once('exit', () => this.#ready.reject(new Error(`the mesh of ${host.name} ended: ${this.#errorText}`)))
    createInterface({ input: this.#child.stdout! }).on('line', line => this.#note(JSON.parse(line) as MeshReport))
  }

  ready(): Promise<void> {
    return this.#ready.promise
  }

  async end(): Promise<void> {
    this.#ready.promise.catch(() => {})
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await exited
  }

  #note(report: MeshReport): void {
    if (report.kind === 'ready') this.#ready.resolve()
    if (report.kind === 'connected') this.connected.add(report.peer)
    if (report.kind === 'disconnected') this.connected.delete(report.peer)
    if (report.kind === 'hint') this.hints.set(report.from, (this.hints.get(report.from) ?? 0) + 1)
  }
}

/** One mesh per host; each knows who the others are, and no address but those to join. */
export async function startMeshes(
  site: Site,
  hosts: readonly string[],
  { mdns, joinFirst }: { mdns: boolean; joinFirst: boolean },
): Promise<MeshProcess[]> {
  const identities = await Promise.all(hosts.map(() => makeIdentity()))
  const members = identities.map(({ peer }) => peer)
  const first = site.host(hosts[0] ?? '')
  const meshes = hosts.map((name, index) => {
    const host = site.host(name)
    const join = joinFirst && index > 0 ? [`/ip4/${first.addr}/tcp/${MESH_PORT}`] : []
    const listen = `/ip4/0.0.0.0/tcp/${MESH_PORT}`
    return new MeshProcess(host, { ...settingsOf(identities[index]!), listen, join, mdns, members })
  })
  await Promise.all(meshes.map(mesh => mesh.ready()))
  return meshes
}

function settingsOf({ peer, privateKey }: Identity): { peer: string; key: string } {
  return { peer, key: Buffer.from(privateKeyToProtobuf(privateKey)).toString('base64') }
}

export function isFullMesh(meshes: readonly MeshProcess[]): boolean {
  return meshes.every(mesh => meshes.every(other => other === mesh || mesh.connected.has(other.peer)))
}

/** Only what is heard from now on counts. */
export function forgetHints(meshes: readonly MeshProcess[]): void {
  for (const mesh of meshes) mesh.hints.clear()
}

export function allHearAll(meshes: readonly MeshProcess[]): boolean {
  return meshes.every(mesh => meshes.every(other => other === mesh || (mesh.hints.get(other.peer) ?? 0) > 0))
}

/**
 * Brings a MongoDB replica set that listens on 127.0.0.1 of this machine to the hosts of a site, through their network cable: the members
 * are found where the replica set says that they are, and cutting a host off cuts it off from them too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Route } from './relay-program.ts'
import type { Site } from './site.ts'

const PROGRAM = fileURLToPath(new URL('relay-program.ts', import.meta.url))
const LOOPBACK = '127.0.0.1'

export class LedgerCable {
  readonly #relays: ChildProcess[] = []
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** `host` is where the members seem to be; all `users` reach them there. Throws when the replica set is not on 127.0.0.1. */
  static async lay(uri: string, { site, host, users }: { site: Site; host: string; users: readonly string[] }) {
    const ports = portsOf(uri)
    const cable = new LedgerCable(await mkdtemp(join(tmpdir(), 'lightflow-test-')))
    try {
      const { addr } = site.host(host)
      // Namespaces share files: a Unix socket leads out of the site.
      const socketOf = (port: number): string => join(cable.#folder, String(port))
      const relay = (where: string | null, toRoute: (port: number) => Route) =>
        cable.#relay(site, where, ports.map(toRoute))
      await relay(null, port => ({ listen: socketOf(port), to: [LOOPBACK, port] }))
      await relay(host, port => ({ listen: [addr, port], to: socketOf(port) }))
      for (const user of users) await relay(user, port => ({ listen: [LOOPBACK, port], to: [addr, port] }))
      return cable
    } catch (error) {
      await cable.remove()
      throw error
    }
  }

  async remove(): Promise<void> {
    for (const relay of this.#relays) {
      if (relay.exitCode !== null || relay.signalCode !== null) continue
      const exited = once(relay, 'exit')
      relay.kill('SIGKILL')
      await exited
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #relay(site: Site, where: string | null, routes: Route[]): Promise<void> {
    const inside = where === null ? [] : site.host(where).space.enter(where)
    const [command = '', ...args] = [...inside, process.execPath, PROGRAM, JSON.stringify(routes)]
    const relay = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#relays.push(relay)
    const ended = once(relay, 'exit').then(() => Promise.reject(new Error(`the relay of ${where} ended`)))
    await Promise.race([once(relay.stdout, 'data'), ended])
    ended.catch(() => {})
  }
}

function portsOf(uri: string): number[] {
  const members = /^mongodb:\/\/(?:[^/@]*@)?([^/?]+)/.exec(uri)?.[1]?.split(',') ?? []
  return members.map(member => {
    const [host, port = '27017'] = member.split(':')
    if (host !== LOOPBACK) throw new Error(`these tests need a replica set on ${LOOPBACK}, not on ${host}`)
    return Number(port)
  })
}

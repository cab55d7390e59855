/**
 * A small site: hosts on one switch, and a host `ledger` beside them through which they reach the ledger. Everything that can go wrong
 * with cables and firewalls is a method here.
 */
import { type Namespace, Namespaces } from './namespaces.ts'

export interface Host {
  readonly name: string
  readonly addr: string
  readonly space: Namespace
}

/** The switch port of a host. */
const portOf = (host: string): string => `p-${host}`
/** Frames sent here are never seen again. */
const NOWHERE = 'nowhere'
/** States of a bridge port. */
const DISABLED = '0'
const FORWARDING = '3'
/** cBPF: the address of the random number generator. */
const SKF_AD_RANDOM = 0xffff_f038

export class Site {
  readonly #namespaces = new Namespaces()
  readonly #hosts = new Map<string, Host>()
  #switch: Namespace | undefined

  /** Hosts get the addresses 10.77.0.1, .2 and so on in the order of their names. */
  static async make(names: readonly string[]): Promise<Site> {
    const site = new Site()
    try {
      site.#switch = await site.#namespaces.add('switch')
      await site.#switch.ip('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
      await site.#switch.ip('link', 'set', 'br0', 'up')
      for (const [index, name] of names.entries()) await site.#plug(name, `10.77.0.${index + 1}`)
      return site
    } catch (error) {
      await site.remove()
      throw error
    }
  }

  host(name: string): Host {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`no host ${name}`)
    return host
  }

  /** The cable is pulled: nothing passes, nobody is told. */
  cut(name: string): Promise<void> {
    return this.#fabric.bridge('link', 'set', 'dev', portOf(name), 'state', DISABLED)
  }

  mend(name: string): Promise<void> {
    return this.#fabric.bridge('link', 'set', 'dev', portOf(name), 'state', FORWARDING)
  }

  /** The switch passes no multicast on, as is often the case. */
  async blockMulticast(): Promise<void> {
    for (const name of this.#hosts.keys()) await this.#setMulticast(name, 'off')
  }

  async allowMulticast(): Promise<void> {
    for (const name of this.#hosts.keys()) await this.#setMulticast(name, 'on')
  }

  /** What `from` sends to `to` vanishes; the other direction passes. */
  async drop(from: string, to: string): Promise<void> {
    const match = ['u32', 'match', 'ip', 'dst', `${this.host(to).addr}/32`]
    await this.#filter(from, match)
  }

  /** This share of what `from` sends to anybody but `spared` vanishes, by chance. */
  async lose(from: string, share: number, spared: string): Promise<void> {
    const program = [
      // Loads the destination of the packet (behind 14 bytes of Ethernet and 16 of IP); that of `spared` goes to the end.
      [0x20, 0, 0, 30],
      [0x15, 3, 0, toNumber(this.host(spared).addr)],
      [0x20, 0, 0, SKF_AD_RANDOM],
      [0x35, 1, 0, Math.round(share * 2 ** 32)],
      [0x06, 0, 0, 0xffff_ffff],
      [0x06, 0, 0, 0],
    ]
    const bytecode = [program.length, ...program.map(words => words.join(' '))].join(',')
    await this.#filter(from, ['bpf', 'bytecode', bytecode])
  }

  /** Ends whatever was done to the network. */
  async repair(): Promise<void> {
    for (const { name, space } of this.#hosts.values()) {
      await this.mend(name)
      await this.#setMulticast(name, 'on')
      await space.tc('filter', 'del', 'dev', 'eth0', 'egress')
    }
  }

  async remove(): Promise<void> {
    await this.#namespaces.removeAll()
  }

  get #fabric(): Namespace {
    if (this.#switch === undefined) throw new Error('the site was not made')
    return this.#switch
  }

  async #plug(name: string, addr: string): Promise<void> {
    const space = await this.#namespaces.add(name)
    const port = portOf(name)
    await space.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', this.#fabric.name)
    await this.#fabric.ip('link', 'set', port, 'master', 'br0', 'up')
    await space.ip('addr', 'add', `${addr}/24`, 'dev', 'eth0')
    await space.ip('link', 'set', 'eth0', 'up')
    await space.ip('route', 'add', '224.0.0.0/4', 'dev', 'eth0')
    await space.ip('link', 'add', NOWHERE, 'type', 'veth', 'peer', 'name', `${NOWHERE}-end`)
    await space.ip('link', 'set', NOWHERE, 'up')
    await space.tc('qdisc', 'add', 'dev', 'eth0', 'clsact')
    this.#hosts.set(name, { name, addr, space })
  }

  /** The kernels of small machines have no action that drops: what matches is sent to a cable without an end. */
  async #filter(from: string, match: string[]): Promise<void> {
    const action = ['action', 'mirred', 'egress', 'redirect', 'dev', NOWHERE]
    const { space } = this.host(from)
    await space.tc('filter', 'add', 'dev', 'eth0', 'egress', 'protocol', 'ip', ...match, ...action)
  }

  #setMulticast(name: string, state: 'on' | 'off'): Promise<void> {
    return this.#fabric.bridge('link', 'set', 'dev', portOf(name), 'mcast_flood', state)
  }
}

function toNumber(addr: string): number {
  return addr.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** Whether multicast works on the interfaces of this machine: peers that share no ledger address find each other by it (mDNS). */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { type Check, type CheckTools, type CheckView, type Finding, ok, warning } from './check.ts'

/** The group of mDNS; on a port of our own, so that no responder hears it. */
const GROUP = '224.0.0.251'
const TRIES = 3
const ANSWER_WITHIN_MS = 400
const MULTICAST_LIMIT_MS = 10_000
const MAX_INTERFACES = 16

export interface InterfaceFacts {
  name: string
  address: string
  /** A packet that was sent to the group came back. */
  heard: boolean
}

export interface MulticastParts {
  clock: Pick<Clock, 'sleep'>
  random: Pick<Random, 'hex'>
}

export function multicastCheck(parts: MulticastParts): Check {
  return {
    name: 'multicast',
    limitMs: MULTICAST_LIMIT_MS,
    run: async (tools): Promise<CheckView[]> => {
      const facts = await Promise.all(interfaces().map(one => listenAndSend(one, parts, tools)))
      return [{ name: 'multicast', ...decideMulticast(facts) }]
    },
  }
}

export function decideMulticast(facts: readonly InterfaceFacts[]): Finding {
  const hint =
    'Peers still find each other through the ledger and --join. For discovery, allow UDP port 5353 to 224.0.0.251 in the firewall; if it is not wanted, start peers with --no-mdns.'
  if (facts.length === 0) return warning('there is no network interface with an IPv4 address', hint)
  const deaf = facts.filter(({ heard }) => !heard)
  const names = (some: readonly InterfaceFacts[]) => some.map(({ name }) => name).join(', ')
  if (deaf.length === 0) return ok(`packets to ${GROUP} come back on ${names(facts)}`)
  const hearing = facts.filter(({ heard }) => heard)
  const others = hearing.length === 0 ? '' : `; it works on ${names(hearing)}`
  return warning(`packets to ${GROUP} do not come back on ${names(deaf)}${others}`, hint)
}

/** Those to other machines; the loopback only when there is nothing else. */
function interfaces(): { name: string; address: string }[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, infos = []]) =>
    infos.filter(isIpv4).map(({ address, internal }) => ({ name, address, internal })),
  )
  const external = all.filter(({ internal }) => !internal)
  return (external.length > 0 ? external : all).slice(0, MAX_INTERFACES)
}

function isIpv4({ family }: NetworkInterfaceInfo): boolean {
  return family === 'IPv4'
}

async function listenAndSend(
  { name, address }: { name: string; address: string },
  { clock, random }: MulticastParts,
  { signal }: CheckTools,
): Promise<InterfaceFacts> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const word = `lightflow doctor ${random.hex(8)}`
  const heard = new AbortController()
  socket.on('message', message => {
    if (message.toString() === word) heard.abort()
  })
  // Told by not hearing anything.
  socket.on('error', () => {})
  try {
    socket.bind(0, '0.0.0.0')
    await once(socket, 'listening', { signal })
    socket.addMembership(GROUP, address)
    socket.setMulticastInterface(address)
    socket.setMulticastLoopback(true)
    for (let tried = 0; tried < TRIES && !heard.signal.aborted; tried++) {
      await send(socket, word)
      await clock.sleep(ANSWER_WITHIN_MS, AbortSignal.any([heard.signal, signal]))
    }
  } catch {
    // An interface that refuses to join or to send is one on which multicast does not work.
  } finally {
    socket.close()
  }
  return { name, address, heard: heard.signal.aborted }
}

function send(socket: Socket, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(word, socket.address().port, GROUP, error => (error === null ? resolve() : reject(error)))
  })
}

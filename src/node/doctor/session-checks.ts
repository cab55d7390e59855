/** The sessions in the ledger: who froze, who died without being buried, and who cannot be reached. */
import { connect } from 'node:net'
import { hostname } from 'node:os'
import type { SessionRecord } from '../../lease/records.ts'
import type { ProbeResult } from '../../ledger/ledger.ts'
import { type CheckView, type Finding, ok, warning } from './check.ts'
import { parseTcpAddress, type TcpAddress } from './port-check.ts'

/** For one address: a machine on the same site answers at once or not at all. */
const DIAL_MS = 2000
const MAX_PEERS_DIALLED = 64
const MAX_ADDRESSES_PER_PEER = 8
const MAX_NAMES_SHOWN = 5

export type SessionFacts = Pick<
  SessionRecord,
  'id' | 'name' | 'host' | 'pid' | 'kind' | 'ttlMs' | 'beatAt' | 'addrs'
> & {
  /** What the operating system says of its process. */
  verdict: ProbeResult['verdict']
}

export interface DialFacts {
  name: string
  host: string
  addrs: readonly string[]
  reached: boolean
}

export async function checkSessions(sessions: readonly SessionFacts[], nowMs: number): Promise<CheckView[]> {
  const peers = sessions.filter(({ kind }) => kind === 'node')
  const rows: CheckView[] = [{ name: 'peers', ...decideSessions(peers, nowMs) }]
  const live = peers.filter(({ verdict }) => verdict !== 'gone')
  const dialled = await Promise.all(live.slice(0, MAX_PEERS_DIALLED).map(dial))
  return dialled.length === 0 ? rows : [...rows, { name: 'addresses', ...decideDials(dialled) }]
}

/** `sessions`: those of peers that the ledger holds for alive. */
export function decideSessions(sessions: readonly SessionFacts[], nowMs: number): Finding {
  const gone = sessions.filter(({ verdict }) => verdict === 'gone')
  const there = sessions.filter(({ verdict }) => verdict !== 'gone')
  const silent = there.filter(({ beatAt, ttlMs }) => nowMs - beatAt > ttlMs)
  const live = there.length - silent.length
  if (silent.length > 0) {
    const places = listed(silent.map(({ name, host, pid }) => `${name} (process ${pid} on ${host})`))
    return warning(
      `${peersText(live)}; without a beat for too long: ${places}`,
      'A stopped or swapped-out process: let it go on (`kill -CONT PID`) or end it (`kill -9 PID`); other peers take over its tasks.',
    )
  }
  if (gone.length > 0) {
    const found = `${peersText(live)}; processes that have died: ${listed(gone.map(({ name }) => name))}`
    return warning(
      found,
      live > 0
        ? 'The other peers are about to take over their tasks: look again in a moment.'
        : 'Their tasks go on when a peer runs again: start one with `lf node`.',
    )
  }
  return ok(live === 0 ? 'no peer runs: start one with `lf node`' : peersText(live))
}

export function decideDials(dialled: readonly DialFacts[]): Finding {
  const unreached = dialled.filter(({ reached }) => !reached)
  if (unreached.length === 0) {
    return ok(dialled.length === 1 ? 'the peer can be dialled' : `all ${dialled.length} peers can be dialled`)
  }
  const names = listed(unreached.map(({ name, host, addrs }) => `${name} on ${host} (${addrs[0] ?? 'no address'})`))
  return warning(
    `from here, nobody answers at ${names}`,
    'Open that TCP port in the firewall of its machine, fix it with --listen /ip4/0.0.0.0/tcp/PORT, and behind NAT tell others with --announce. Without a link work goes on, only slower.',
  )
}

async function dial({ name, host, addrs }: SessionFacts): Promise<DialFacts> {
  const tried = addrs.flatMap(text => parseTcpAddress(text) ?? []).filter(address => isMeantForHere(address, host))
  const answers = await Promise.all(tried.slice(0, MAX_ADDRESSES_PER_PEER).map(connects))
  return { name, host, addrs, reached: answers.includes(true) }
}

/** The loopback address of another machine would reach ourselves. */
function isMeantForHere({ host: address }: TcpAddress, host: string): boolean {
  return host === hostname() || !(address.startsWith('127.') || address === '::1')
}

function connects({ host, port }: TcpAddress): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: DIAL_MS })
    const end = (reached: boolean) => {
      socket.destroy()
      resolve(reached)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}

function peersText(count: number): string {
  if (count === 0) return 'no peer is alive'
  return count === 1 ? '1 peer is alive' : `${count} peers are alive`
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMES_SHOWN
  return `${names.slice(0, MAX_NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Which peer somebody means: by name, session id, or the beginning of either id. Pure. */
import { LightflowError } from '../core/errors.ts'
import type { SessionRecord } from '../lease/records.ts'
import { mostSimilar } from '../workflow/did-you-mean.ts'
import { iso } from './run-views.ts'

/** More candidates are not listed. */
const MAX_LISTED = 8

/**
 * `sessions`: also the dead ones, which are named when they are meant. `LF_UNKNOWN_PEER`, `LF_PEER_AMBIGUOUS` (lists the candidates),
 * `LF_PEER_GONE` when that peer is not there any more.
 */
export function findPeer(wanted: string, sessions: readonly SessionRecord[]): SessionRecord {
  const nodes = sessions.filter(({ kind }) => kind === 'node')
  const live = nodes.filter(({ state }) => state !== 'dead')
  const found = matches(wanted, live)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  if (found.length > 1) throw ambiguous(wanted, found)
  const newestDead = nodes.filter(({ state }) => state === 'dead').sort((a, b) => (b.deadAt ?? 0) - (a.deadAt ?? 0))
  const [gone] = matches(wanted, newestDead)
  throw gone === undefined ? unknown(wanted, live) : goneAlready(gone, live.length)
}

/** Who left in order lately bears what is wanted, and nobody else: what somebody wants of a drain is done. */
export function leftInOrder(wanted: string, sessions: readonly SessionRecord[]): SessionRecord | undefined {
  const nodes = sessions.filter(({ kind }) => kind === 'node')
  if (
    matches(
      wanted,
      nodes.filter(({ state }) => state !== 'dead'),
    ).length > 0
  )
    return undefined
  const newestDead = nodes.filter(({ state }) => state === 'dead').sort((a, b) => (b.deadAt ?? 0) - (a.deadAt ?? 0))
  const [gone] = matches(wanted, newestDead)
  return gone?.deathProof === 'left' ? gone : undefined
}

/** An exact name or id beats a beginning. */
function matches(wanted: string, sessions: readonly SessionRecord[]): SessionRecord[] {
  if (wanted === '') return []
  const exact = sessions.filter(({ id, name, peer }) => [id, name, peer].includes(wanted))
  if (exact.length > 0) return exact
  return sessions.filter(({ id, peer }) => id.startsWith(wanted) || peer.startsWith(wanted))
}

function ambiguous(wanted: string, found: readonly SessionRecord[]): LightflowError {
  const listed = found
    .slice(0, MAX_LISTED)
    .map(({ name, host, pid, id }) => `${id.slice(0, 8)} (${name} on ${host}, process ${pid})`)
  const more = found.length > MAX_LISTED ? `, and ${found.length - MAX_LISTED} more` : ''
  return new LightflowError('LF_PEER_AMBIGUOUS', `"${wanted}" means ${found.length} peers.`, {
    hint: `Name one by its session: ${listed.join(', ')}${more}.`,
  })
}

function unknown(wanted: string, live: readonly SessionRecord[]): LightflowError {
  const names = live.map(({ name }) => name)
  const begun = wanted === '' ? [] : names.filter(name => name.startsWith(wanted))
  const similar = begun.length === 1 ? begun[0] : mostSimilar(wanted, names)
  const listed = names.slice(0, MAX_LISTED).join(', ')
  return new LightflowError('LF_UNKNOWN_PEER', `There is no peer "${wanted}" in this mesh.`, {
    hint:
      begun.length > 1
        ? `Did you mean one of ${begun.slice(0, MAX_LISTED).join(', ')}? A name is given in full.`
        : similar !== undefined
          ? `Did you mean ${similar}?`
          : names.length === 0
            ? 'No peer is alive. See: lf mesh status'
            : `Alive are: ${listed}. More in: lf mesh status`,
  })
}

function goneAlready({ name, deathProof, deadAt, buriedBy }: SessionRecord, livePeers: number): LightflowError {
  const since = deadAt === null ? '' : ` since ${iso(deadAt)}`
  const why =
    deathProof === 'left'
      ? 'it left in order'
      : deathProof === 'evicted'
        ? `it was evicted by ${buriedBy ?? 'somebody'}`
        : deathProof === 'silence'
          ? 'its beat had stopped'
          : 'its process was gone'
  return new LightflowError('LF_PEER_GONE', `The peer "${name}" is not there any more${since}: ${why}.`, {
    hint:
      livePeers > 0
        ? 'There is nothing to do: other peers take over what it held.'
        : 'What it held is taken over when a peer is alive, and none is. Start one with: lf node',
  })
}

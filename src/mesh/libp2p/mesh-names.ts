/** The names that keep meshes apart: every protocol and topic carries the ledger's incarnation. */

/** Enough of the incarnation to tell ledgers apart; hints carry all of it. */
const SHORT_LENGTH = 16

export function shortIncarnation(incarnation: string): string {
  return incarnation.replaceAll(/[^a-z0-9]/gi, '').slice(0, SHORT_LENGTH)
}

/** `/lightflow/<incarnation>/<name>`; `name` ends with its own version, such as `kad/1.0.0`. */
export function protocolId(incarnation: string, name: string): string {
  return `/lightflow/${shortIncarnation(incarnation)}/${name}`
}

export function hintTopic(incarnation: string): string {
  return protocolId(incarnation, 'hints/1.0.0')
}

/** Shared by all meshes: a peer of another mesh on this network is seen, and can be reported with a hint how to join. */
export const MDNS_SERVICE = '_lightflow._udp.local'

/** Hints for one peer alone. */
export const DIRECT_PROTOCOL = 'direct/1.0.0'
export const PULSE_PROTOCOL = 'pulse/1.0.0'

/** Limits of the mesh, each with its unit in its name. What happens beyond is said at each one. */

/** Hints wait this long for company before they are sent: a fan-out of 50 tasks then costs one message, not 50. */
export const HINT_BATCH_DELAY_MS = 5

/** How far behind the newest message of a session another may come; older ones count as replayed and are dropped. */
export const HINT_REPLAY_WINDOW = 1024

/** Messages of one peer that are taken per second. A batch every 5 ms makes 200: an honest peer never meets this limit. */
export const MAX_HINT_MESSAGES_PER_SECOND = 300
/** Messages of one peer that may come at once, after it was silent or its link was slow. More are dropped. */
export const MAX_HINT_MESSAGES_IN_A_BURST = 600

/** Unsent gossip to one peer; beyond it the stream is given up and the watchdog has the peer dialled anew. */
export const MAX_GOSSIP_BUFFER_BYTES = 4 * 1024 * 1024

/** Peers that this host dials at the same time. More wait their turn. */
export const MAX_DIALS_AT_ONCE = 16
/** Of these, dials of peers that failed before: dead ones never keep the living from being dialled. */
export const MAX_RETRIES_AT_ONCE = 8
/** Addresses kept per peer. Further ones are not dialled. */
export const MAX_ADDRS_PER_PEER = 16

/** Open connections. A mesh is a full one, so this bounds its size; beyond it libp2p closes the least valued. */
export const MAX_CONNECTIONS = 500
/** Connections from one address per second: a whole beamline may start behind one address (G14). More are refused. */
export const MAX_INBOUND_CONNECTIONS_PER_SECOND = 1000
/** Connections in their handshake. More are refused and dialled again. */
export const MAX_PENDING_CONNECTIONS = 200

/** Peers of other meshes that are remembered, so that each is told once. The oldest are forgotten. */
export const MAX_FOREIGN_PEERS = 1000

/** Least time between two reports of unknown peers: each makes the node read the list of members. */
export const UNKNOWN_PEER_EVERY_MS = 500

/** Limits of the mesh, each with its unit in its name. What happens beyond is said at each one. */

/** Hints wait this long for company before they are sent: a fan-out of 50 tasks then costs one message, not 50. */
export const HINT_BATCH_DELAY_MS = 5

/** How busy a peer is may have changed back before anybody could do something about it: a word about that alone waits for so long. */
export const LOAD_HINT_DELAY_MS = 25

/**
 * Messages with something that somebody waits for that may follow another one sooner than that, and after how long one more may: at most 50 a
 * second besides the 200, below what others take.
 */
export const MAX_EARLY_HINT_MESSAGES = 20
export const EARLY_HINT_MESSAGE_EVERY_MS = 20

/** How far behind the newest message of a session another may come; older ones count as replayed and are dropped. */
export const HINT_REPLAY_WINDOW = 1024

/** Messages of one peer that are taken per second. A batch every 5 ms makes 200: an honest peer never meets this limit. */
export const MAX_HINT_MESSAGES_PER_SECOND = 300
/** Messages of one peer that may come at once, after it was silent or its link was slow. More are dropped. */
export const MAX_HINT_MESSAGES_IN_A_BURST = 600

/** Messages to one peer alone that are taken from it per second, and at once. More are dropped. They cost a tenth of one that is signed. */
export const MAX_DIRECT_MESSAGES_PER_SECOND = 1000
export const MAX_DIRECT_MESSAGES_IN_A_BURST = 2000
/** Messages that wait until the stream to their peer is open. More are dropped. */
export const MAX_DIRECT_HINTS_WAITING = 64
/** Streams for them on one connection, each way: one, and one that takes its place. More are refused. */
export const MAX_DIRECT_STREAMS = 2

/** Pings between two peers at the same time, each way. More are refused. */
export const MAX_PINGS_AT_ONCE = 8
/** Streams for beats on one connection: one, and one that takes its place. More are refused. */
export const MAX_PULSE_STREAMS = 2

/** Unsent gossip to one peer; beyond it the stream is given up and the watchdog has the peer dialled anew. */
export const MAX_GOSSIP_BUFFER_BYTES = 4 * 1024 * 1024

/** Peers that this host dials at the same time. More wait their turn. */
export const MAX_DIALS_AT_ONCE = 6
/** Of these, dials of peers that failed before: dead ones never keep the living from being dialled. */
export const MAX_RETRIES_AT_ONCE = 3
/** Addresses kept per peer. Further ones are not dialled. */
export const MAX_ADDRS_PER_PEER = 16

/** Open connections. A mesh is a full one, so this bounds its size; beyond it libp2p closes the least valued. */
export const MAX_CONNECTIONS = 500
/** Connections from one address per second: a whole beamline may start behind one address (G14). More are refused. */
export const MAX_INBOUND_CONNECTIONS_PER_SECOND = 1000
/** Connections from outside in their handshake. Of more, the one that came first is closed (`entrance.ts`). */
export const MAX_PENDING_CONNECTIONS = 500

/** Missing peers that are looked for at the same time: each search asks up to twenty peers. More wait for their turn. */
export const MAX_PEER_SEARCHES_AT_ONCE = 2
/** One search for a missing peer. Past it, what was found is dialled and the search is repeated later. */
export const PEER_SEARCH_TIMEOUT_MS = 10_000

/** Peers whose addresses libp2p remembers, members and others that were seen; of more, strangers are forgotten first. */
export const MAX_PEERS_REMEMBERED = 2000

/** Peers of other meshes that are remembered, so that each is told once. The oldest are forgotten. */
export const MAX_FOREIGN_PEERS = 1000

/** A peer that dials and is not on the list of members waits so long for a newer list; then it is turned away. */
export const DOOR_WAIT_MS = 1500

/** Least time between two reports of unknown peers: each makes the node read the list of members. */
export const UNKNOWN_PEER_EVERY_MS = 500

/** Payloads of one peer whose holder is remembered; the peer's oldest are forgotten, and are then found by asking the ledger. */
export const MAX_PROVIDER_RECORDS_PER_PEER = 10_000
/** Such records of all peers together, about 300 bytes each. Beyond it a peer's new record takes the place of its oldest. */
export const MAX_PROVIDER_RECORDS = 100_000
/** Holders that one search tells; more would not make a payload arrive sooner. */
export const MAX_PROVIDERS_FOUND = 20
/** Searches for holders at the same time; more wait. Each takes a stream to every peer, of which a connection has 32 (G15). */
export const MAX_PROVIDER_SEARCHES_AT_ONCE = 8
/** One search for holders: past it, what was found must do. */
export const FIND_PROVIDERS_TIMEOUT_MS = 10_000
/** Telling of one payload. Past it the record is where it got, and the holder itself always answers for it. */
export const PROVIDE_TIMEOUT_MS = 10_000
/** Payloads told of at the same time: each asks up to twenty peers. More wait. */
export const MAX_PROVIDES_AT_ONCE = 4
/** Payloads that wait to be told of; of more, the oldest are not told. */
export const MAX_PROVIDES_QUEUED = 1000

/** Received on one stream and not read yet; beyond it the stream is ended: who opens streams asks for less than this at a time. */
export const MAX_UNREAD_STREAM_BYTES = 8 * 1024 * 1024
/** Streams of one protocol on one connection, each way. More are refused. */
export const MAX_STREAMS_PER_PROTOCOL = 256

/**
 * The mesh port: which peers can be reached, and hints among them. Hints make the mesh fast and may all be lost without harm;
 * nothing here is ever authority. The room owns connections, dialling and gossip. It never reads the ledger (the members are told
 * to it), never decides who claims, and never runs user code. Called by `supervisor/`; adapters are named by `node/` only.
 */
import type { Duplex } from 'node:stream'
import type { EventSource } from '../core/events.ts'
import type { Hint } from '../../protocols/hints.ts'

/** A peer that may connect: it has a live session in the ledger. */
export interface Member {
  /** libp2p peer id. */
  peer: string
  session: string
  /** When the session began, as the ledger has it (ms since 1970): of two members, the later one dials. */
  since: number
  addrs: string[]
}

export interface ReceivedHint {
  hint: Hint
  /** Peer id of the author. */
  from: string
  session: string
}

export interface MeshEvents {
  hint: ReceivedHint
  /** Peer ids. */
  connected: string
  /** The last connection to this peer closed: reason to suspect it, proof of nothing. */
  disconnected: string
  /** A peer of another mesh was seen on this network (peer id and addresses). */
  foreign: { peer: string; addrs: string[] }
  /**
   * A peer id that is not among the members dialled this peer or sent a hint, or a member spoke for another session: the list of
   * members may be old. Told at most twice a second. The peer was turned away and will try again.
   */
  unknown: string
}

/** `refused`: where a dial was answered before, nobody listens now. `unreachable`: no answer, or none that proves anything. */
export type DialVerdict = 'answers' | 'refused' | 'unreachable'

export interface MeshMetrics {
  hintsPublished: number
  hintsReceived: number
  /** Messages refused by the validator: unknown sender, wrong ledger, malformed, too large. */
  hintsRefused: number
  /** Hints given up unsent: the queue was full, or the hint was not a valid one. */
  hintsDropped: number
  /** Batches that reached no peer. */
  publishedToNobody: number
  connections: number
  /** Peers of other meshes that are on this network now. */
  foreignPeers: number
}

export interface Mesh extends EventSource<MeshEvents> {
  /** Own peer id. */
  readonly peer: string
  /** Addresses that other peers can dial. */
  addrs(): string[]
  /** Peer ids with an open connection. */
  connected(): string[]
  /**
   * The live sessions of the ledger, this peer's own included: dialled until connected, admitted when they dial; all others are turned
   * away.
   */
  setMembers(members: readonly Member[]): void
  /**
   * Tells the mesh that this peer holds the payload `hash` (SHA-256, 64 hex digits). Best effort: never throws; it is forgotten when
   * the peer leaves, so a peer that comes back tells it again. Resolves when it was told, or given up.
   */
  provide(hash: string): Promise<void>
  /**
   * Peer ids of members (never this peer) that said that they hold the payload `hash`, as they are found, each once. Ends without an
   * error when nobody else is found in time or `signal` aborts. A peer that is found may have dropped it since.
   */
  findProviders(hash: string, signal: AbortSignal): AsyncIterable<string>
  /**
   * Dials the addresses of a member anew, beside any open connection. Never throws. Takes about a second at most. `refused` needs an
   * earlier `answers` of the same address.
   */
  probe(peer: string): Promise<DialVerdict>
  /** Queues a hint; hints of a few milliseconds travel together. Never throws, never waits. */
  publish(hint: Hint): void
  /**
   * Sends hints to one peer at once, on the connection to it, where `publish` would sign them, let them wait for company and have everybody read
   * them. They are as good as any others: they may be lost, and nothing is sent where there is no connection. Never throws, never waits.
   */
  tell(peer: string, hints: readonly Hint[]): void
  metrics(): MeshMetrics
  /** Starts listening. Throws `LF_MESH_ADDRESS` when no address could be listened on. */
  start(): Promise<void>
  /** Sends what is queued, says goodbye and closes everything. Safe to call twice. */
  stop(): Promise<void>
  /** After a new session was opened: hints carry this session id from now on. */
  useSession(session: string): void
}

/** A two-way stream of bytes to one peer, beside the hints on the connection of the mesh. Destroying it ends it on both sides at once. */
export interface PeerStream {
  /** Peer id of the other side, proven by the connection. */
  peer: string
  /** IP address at which the other side is connected; null when there is no network between. */
  host: string | null
  /** Writing waits for `drain`. It takes what comes, whether it is read or not, up to `MAX_UNREAD_STREAM_BYTES`: ask for little. */
  duplex: Duplex
}

/** Streams among the peers of a mesh that has connections; {@link Mesh} without a network has none. */
export interface PeerStreams {
  /** Hands every stream that a member opens under `name` (such as `payload/1`) to `onStream`; returns what ends it. One per name. */
  serve(name: string, onStream: (stream: PeerStream) => void): () => void
  /** Opens a stream to a member, dialling it when there is no connection. Throws `LF_PEER_UNREACHABLE`. */
  openStream(peer: string, name: string, signal: AbortSignal): Promise<PeerStream>
}

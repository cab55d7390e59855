/** Limits of the payload room, each with its unit in its name. What happens beyond is said at each one. */

const KiB = 1024
const MiB = 1024 * KiB

/** Bytes that are read, hashed or written in one step: small enough that the peer's thread stays free for beats between two steps. */
export const STEP_BYTES = MiB

/** Payloads that a peer fetches at the same time; more wait their turn. With the slabs below this bounds the bytes on their way in. */
export const MAX_PULLS_AT_ONCE = 8
/** Pulls that wait for their turn; beyond it a task is told to come again. */
export const MAX_PULLS_WAITING = 10_000
/** Pulls that wait at the same time for what other peers fetch for them, beside those; more wait their turn for that. */
export const MAX_ASKED_FOR_AT_ONCE = 8
/** Slabs of one pull: what may have arrived and not yet be on the disk. */
export const SLABS_PER_PULL = 6
export const SLAB_BYTES = 512 * KiB

/** Connections and streams on which a peer gives payloads away at the same time; more are told that it is busy. */
export const MAX_SERVED_AT_ONCE = 64
/** Buffers per direct connection that is served: one is filled from the disk while the other one leaves. */
export const SERVE_BUFFERS = 2
export const SERVE_BUFFER_BYTES = 512 * KiB

/** What a stream of the mesh may carry in one frame. Larger ones end the stream. */
export const MAX_STREAM_FRAME_BYTES = 256 * KiB
/** Requests are a hash and a few numbers. */
export const MAX_REQUEST_FRAME_BYTES = 1 * KiB
/** Bytes asked for in one request on a stream of the mesh. */
export const STREAM_RANGE_BYTES = 512 * KiB
/** Requests under way on one stream: enough to fill the way, few enough that a slow reader holds little. */
export const STREAM_RANGES_OUTSTANDING = 4

/** From this size on a direct connection is worth its handshake. */
export const DIRECT_FROM_BYTES = 4 * MiB

/** A stream or connection on which nothing moves for this long is given up, on both sides. */
export const STREAM_IDLE_MS = 30_000
/** For the answer of a holder to the first question, and for the direct connection to stand. */
export const HOLDER_ANSWERS_WITHIN_MS = 10_000
/** How long a direct door stays open for the one that asked for it. */
export const DOOR_OPEN_MS = 15_000
/** Providers are asked for this long when the holders named with a payload do not help. */
export const FIND_PROVIDERS_MS = 5_000
/** Times that all holders are asked before the payload counts as lost; what arrived is kept from one to the next. */
export const MAX_ROUNDS_PER_PULL = 4
/** Providers that are asked per round, beside the holders that are named with the payload. */
export const MAX_PROVIDERS_ASKED = 16
/** Tries with one holder in a row, each of which must bring bytes. */
export const MAX_TRIES_PER_HOLDER = 100
/** Wait before a holder that was busy, or broke off, is asked again; doubles up to the second. */
export const RETRY_FIRST_MS = 100
export const RETRY_MAX_MS = 2_000

/**
 * Of a file that is hashed for who asks for it, between two words about how far it is. Who asks gives up after `STREAM_IDLE_MS` without a word:
 * a disk that gives less than this in that time counts as one that hangs.
 */
export const HASH_STEP_BYTES = 4 * MiB
/** Files that wait to be hashed, one after the other; beyond it who asks is told that the peer is busy. */
export const MAX_HASHES_WAITING = 256
/** Files of others that are known by their hash at a time: who asks for one that was forgotten is told to ask anew. */
export const MAX_FILES_KNOWN = 10_000

/** A part file that belongs to another process is removed when nothing was written to it for this long. */
export const PART_ABANDONED_MS = 24 * 60 * 60 * 1000
/** Payloads that no live run needs are kept this long after they were last put, pulled or looked for. */
export const RETENTION_MS = 7 * 24 * 60 * 60 * 1000
/** Between two rounds of retention. */
export const RETENTION_EVERY_MS = 60 * 60 * 1000

/** Peers that are asked to keep a copy before the task is done with those that there are. */
export const MAX_COPY_PLACES_ASKED = 16
/** Peers that are asked, in a round, to fetch what its holders cannot give directly. */
export const MAX_GO_BETWEENS_ASKED = 4
/** How often a peer that fetches a copy says that it still does: who waits for it gives up after `STREAM_IDLE_MS` without a word. */
export const COPY_NOTED_EVERY_MS = 5_000

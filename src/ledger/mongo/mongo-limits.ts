/** Limits of the MongoDB ledger. */

const SECOND = 1000
const MiB = 1024 * 1024

/** How long one step is repeated before its outcome is declared unknown (`LF_LEDGER_UNAVAILABLE`); the caller repeats the whole operation. */
export const ANSWER_WITHIN_MS = 10 * SECOND
/** The same for a beat, which must not come so late that it vouches for a session that has fenced itself. */
export const BEAT_ANSWER_WITHIN_MS = 4 * SECOND
/** The same for reading a blob, which is many commands. */
export const BLOB_ANSWER_WITHIN_MS = 60 * SECOND
/** First pause before a step is repeated; doubles up to `MAX_REPEAT_PAUSE_MS`, random by half. */
export const FIRST_REPEAT_PAUSE_MS = 20
export const MAX_REPEAT_PAUSE_MS = 500
/** A server stops working on a command after this time, so that nothing lands long after its sender has given up (R14). */
export const MAX_COMMAND_MS = 10 * SECOND

/** How long a command waits for a primary before it fails and is repeated. */
export const SERVER_SELECTION_MS = 5 * SECOND
/** At the start: a wrong host name should be told soon. */
export const FIRST_CONTACT_MS = 8 * SECOND
/** How long a new connection may take to be made. */
export const CONNECT_MS = 5 * SECOND
/** A connection that is silent for this long during a command is given up: its server is frozen or cut off. */
export const SOCKET_SILENCE_MS = 12 * SECOND
/** Between two looks of the driver at each server. */
export const HEARTBEAT_MS = 2 * SECOND
/** Connections for everything but beats. */
export const MAX_CONNECTIONS = 32
/** Beats have connections of their own, so that they never queue behind anything (R12). */
export const MAX_BEAT_CONNECTIONS = 2

/** Documents in one insert or update of many. */
export const MAX_DOCUMENTS_PER_WRITE = 1000
/** Tasks of a DAG that one update may change: of all of a large one it would take longer than a command may. */
export const MAX_TASKS_PER_UPDATE = 5000
/** Statements of one operation under way at the same time. */
export const MAX_PARALLEL_STEPS = 16
/** A skip that has run through so many levels of a DAG is computed to its end in memory, from all edges of the DAG. */
export const MAX_LEVELS_STEP_BY_STEP = 8
/** Copy numbers tried one after the other when others start copies of the same DAG at the same time. */
export const MAX_COPY_TRIES = 1000
/**
 * Changes of the store that a task's document remembers. One that is forgotten while it stands in line is only decided again while the
 * claim holds; it would be struck off half carried out when its writer dies behind so many others of the same task.
 */
export const MAX_WRITES_REMEMBERED = 100
/** Blueprints up to this size are kept in their document; larger ones, and all bundles, in GridFS. */
export const MAX_INLINE_BLOB_BYTES = MiB
/** Few round trips for a bundle of ordinary size; a document may have 16 MiB. */
export const CHUNK_BYTES = MiB
/** A half-submitted run is given up by a peer that has seen it for so long: no submission takes or pauses that long. */
export const DRAFT_KEPT_MS = 24 * 3600 * SECOND
/** Between two looks for half-submitted runs. */
export const DRAFT_LOOK_MS = 600 * SECOND
/** The others come with later looks. */
export const MAX_DRAFTS_PER_LOOK = 1000
/** Reads of a part of the store that is being written are repeated this often to see it between two writes. */
export const MAX_STORE_READ_TRIES = 20
/** Ids of runs that are known to be published; forgotten all at once beyond it. */
export const MAX_PUBLISHED_REMEMBERED = 10_000
/** Predecessors or successors that a task's document names; those of others are read from the edges. */
export const MAX_NEIGHBOURS_NAMED = 256
/** Completions that are written together. */
export const MAX_COMPLETIONS_TOGETHER = 100
/** Groups of completions under way at the same time: one that tells very many successors does not hold up the others. */
export const MAX_COMPLETIONS_UNDER_WAY = 2
/** What is done is struck off with the next completion, or after this time. */
export const STRIKE_OFF_AFTER_MS = 250
/** Of what is to be struck off while nothing can be written. What is forgotten is carried out once more by whoever finds it. */
export const MAX_STRIKE_OFFS = 1000
/**
 * A session that was seen to live may claim for so long without another look: its burial is noticed by the sweep anyway (H2). Longer than from one
 * sweep's look at all sessions to the next, which shows those that live.
 */
export const SESSION_BELIEVED_MS = 3 * SECOND
/** The priority of the most urgent task that waits, or that none does, is believed for so long by those who hand on. */
export const URGENCY_BELIEVED_MS = 500
/** Who lost claims to others does not begin at the front of the line for so long. */
export const CONTENTION_BELIEVED_MS = 1 * SECOND
/**
 * Runs and DAG copies of which the parts are remembered that never change, tasks that are remembered as they were seen. Of each kind; a DAG's
 * start data may have 32 KiB. What is forgotten is read again.
 */
export const MAX_REMEMBERED = 1000
/** The same of names alone. */
export const MAX_NAMES_REMEMBERED = 10_000
/** What a task left is believed for so long to be what it leaves: one that runs again, because a file is lost, leaves another. */
export const INPUT_BELIEVED_MS = 1 * SECOND
/** Inputs that are noted with a task that is claimed for another session: as much as one of them may have. */
export const MAX_GIVEN_BYTES = 32 * 1024
/** Tasks in line that are looked at before one is claimed for another session. */
export const MAX_FIRST_IN_LINE = 16
/** How long a ledger that is closed waits for what it has still to strike off. */
export const MAX_LAST_WRITE_MS = 500
/** Tasks of a chain that are read with the first one. */
export const MAX_CHAIN_FORESEEN = 32
/** Of what each peer reads of all sessions at each look: more come with further answers. */
export const SESSIONS_PER_ANSWER = 5000

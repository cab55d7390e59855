/** Limits of the ledger. Those of the values it keeps are in `protocols/limits.ts`. */

const SECOND = 1000
const DAY_MS = 24 * 3600 * SECOND

/** Calls under way in one process; more are refused with `LF_LEDGER_BUSY`: somebody calls without waiting for answers. */
export const MAX_CALLS_IN_FLIGHT = 20_000

/** Operations that share one commit, so that one write to the disk serves many and none waits long for the others. */
export const MAX_OPERATIONS_PER_COMMIT = 256
/** A commit is not made to wait for more operations than fit into this time: other processes want to write too. */
export const MAX_COMMIT_GATHER_MS = 50
/** How long a process tries to get its turn to write before it says `LF_LEDGER_BUSY`. */
export const MAX_WRITE_WAIT_MS = 60 * SECOND
/** Longest pause between two tries; random below it, so that nobody starves. */
export const MAX_WRITE_RETRY_PAUSE_MS = 2
/** A process that has committed so often writes for long: room in the log pays for it. */
export const RESERVE_AFTER_COMMITS = 100
/** On a disk with less room than this, none is reserved for the log. */
export const MIN_FREE_FOR_RESERVE_BYTES = 1024 * 1024 * 1024
/** How long `close` waits for the ledger's thread before it ends it the hard way. */
export const MAX_CLOSE_WAIT_MS = 5 * SECOND

/** Tasks of a DAG that become rows in one transaction: about 30 ms, for which everybody else who wants to write waits. */
export const MAX_TASKS_PER_PART = 1000
/** The same for edges into them, but that one task may have more. */
export const MAX_EDGES_PER_PART = 4000
/** Transactions of that kind in one call of `settle`, between which other duties and other peers get their turn. */
export const MAX_PARTS_PER_SETTLE = 4

/** Ready tasks in one answer; the rest come with the next call. */
export const MAX_READY_PAGE = 1000
/** Ready tasks of one answer for which the places of the input bytes are looked up: they only help to choose who runs it. */
export const MAX_READY_WITH_INPUTS = 100
/** Predecessors looked at for that, per task. */
export const MAX_INPUTS_PER_READY_TASK = 32
/** Claims tried in one call. */
export const MAX_CLAIMS_PER_CALL = 1000
/** Ready tasks looked at beyond those that a completion wants handed on: some may belong to runs that are being stopped. */
export const MAX_SPARE_HAND_ONS = 4
/** Tasks taken over in one call. */
export const MAX_RECLAIMS_PER_CALL = 1000
/** Runs in one answer. */
export const MAX_RUNS_PAGE = 10_000

/** Dead sessions are remembered this long: much longer than any late write may take. */
export const DEAD_SESSION_KEPT_MS = 7 * DAY_MS
/** A missing liveness lock proves nothing for a session younger than this. */
export const MISSING_LOCK_GRACE_MS = 10 * SECOND
/** Lock files that nobody holds are removed when they are older than this: a younger one may be about to be locked. */
export const LOCK_FILE_KEPT_MS = 3600 * SECOND

/** Characters of a store path. */
export const MAX_STORE_PATH_LENGTH = 1000
/** Values that one write to the store may spread over. */
export const MAX_LEAVES_PER_WRITE = 10_000

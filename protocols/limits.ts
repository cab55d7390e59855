/** Every limit of the wire and of the ledger's values, with its unit in its name. What happens beyond is said at each one. */

const KiB = 1024
const MiB = 1024 * KiB

/** Larger gossip messages risk the stream that carries them (G3): batches are split before they are sent, refused on arrival. */
export const MAX_HINT_MESSAGE_BYTES = 16 * KiB
/** Hints in one batch; more travel in the next. */
export const MAX_HINTS_PER_MESSAGE = 100
/** What a hint says of a task that its receiver may begin; of larger ones it says only that they are there. */
export const MAX_EARLY_WORD_BYTES = 8 * KiB
/** The same of a task that is claimed for its receiver: with the hint around it, it fits into one message. */
export const MAX_PASSED_WORD_BYTES = 8 * KiB
/** Claims that one hint names. */
export const MAX_CLAIMS_PER_HINT = 8
/** Hints waiting to be sent; the oldest are dropped, and the sweep finds what they would have told. */
export const MAX_HINTS_QUEUED = 2000

/** Payloads up to this size travel in the ledger; larger ones are files. */
export const MAX_INLINE_PAYLOAD_BYTES = 32 * KiB
/** One value that a task returns or stores; beyond it: `LF_VALUE_TOO_LARGE`. */
export const MAX_VALUE_BYTES = 1024 * MiB
/** Levels of nesting in a decoded value; beyond it: `LF_DECODE`. */
export const MAX_VALUE_DEPTH = 200
/** One value of a run's store; beyond it: `LF_VALUE_TOO_LARGE` (large values belong into task data). */
export const MAX_STORE_VALUE_BYTES = 4 * MiB
/** A workflow's bundled code. */
export const MAX_BUNDLE_BYTES = 32 * MiB

/** Names of workflows, DAGs, tasks, queues, slots and peers. */
export const MAX_NAME_LENGTH = 200
/** Tasks in one DAG. Submitting or fanning out more in one transaction would keep a ledger's thread from its beats too long. */
export const MAX_TASKS_PER_DAG = 100_000
/** Edges in one DAG. */
export const MAX_EDGES_PER_DAG = 1_000_000
/** Copies of DAGs in one run. */
export const MAX_DAGS_PER_RUN = 200_000

/** What Lightflow itself notes about a run: the section `meta` of its store. Read only. */

export interface RunMeta {
  readonly run: string
  readonly workflow: string
  readonly submittedBy: string
  /** When the first of its tasks began. */
  readonly startedAt: Date | null
  /** By name of the copy, `dag:n`: `meta.get('log.main_dag:1.tasks.fit.durationMs')`. */
  readonly log: Readonly<Record<string, DagMeta>>
}

export interface DagMeta {
  readonly state: string
  readonly startedAt: Date
  /** Null while it goes on. */
  readonly endedAt: Date | null
  readonly durationMs: number | null
  readonly tasks: Readonly<Record<string, TaskMeta>>
}

export interface TaskMeta {
  readonly state: string
  readonly queue: string
  /** Name of the peer of the last attempt; null before the first. */
  readonly peer: string | null
  readonly attempts: number
  readonly startedAt: Date | null
  /** Null while it goes on. */
  readonly endedAt: Date | null
  readonly durationMs: number | null
}

/** What nobody writes in the section `meta`: the first parts of paths. `writes` is the ledger's own. */
const META_KEYS: ReadonlySet<string> = new Set<keyof RunMeta | 'writes'>([
  'run',
  'workflow',
  'submittedBy',
  'startedAt',
  'log',
  'writes',
])

/** Below it, kinds of tasks note how far they are. It is in the store, so that a run that is tried again goes on with it. */
export const NOTES_KEY = 'lightflow'

/** Whether authors cannot write on a path of the section `meta`. */
export function isReservedMeta(path: string): boolean {
  return isOwnMeta(path) || path.split('.', 1)[0] === NOTES_KEY
}

/** Whether a path of the section `meta` is answered from what Lightflow notes, not from what tasks wrote. */
export function isOwnMeta(path: string): boolean {
  return META_KEYS.has(path.split('.', 1)[0] ?? '')
}

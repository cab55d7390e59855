/** What copying and moving have in common: what is taken, and where it goes. */
import type { TaskOptions } from '../../workflow/task-options.ts'
import type { ParametersOf } from '../../workflow/task-parameters.ts'
import type { OnExisting } from './copy-file.ts'
import { aPath, oneOf, somePaths } from './file-checks.ts'

/** Of each, a function `(data, store) => value` may stand in its place. */
export interface TransferParameters {
  /** Files, or folders with all that is in them. */
  sources: string | readonly string[]
  /** A folder that exists, into which they go under their own names; or, for a single source, the path that it gets. */
  destination: string
  /** What happens to a file that has the name already: `replace` (default), or `refuse`, unless it has the same bytes. */
  existing: OnExisting
}

export type TransferTaskOptions = TaskOptions &
  Partial<ParametersOf<TransferParameters>> &
  Pick<ParametersOf<TransferParameters>, 'sources' | 'destination'>

export const TRANSFER_RULES = {
  checks: { sources: somePaths, destination: aPath, existing: oneOf('replace', 'refuse') },
  defaults: { existing: 'replace' as const },
}

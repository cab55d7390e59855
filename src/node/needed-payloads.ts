/** Which payloads the live runs need: the outputs of their tasks and the data that their DAGs began with. */
import { LightflowError } from '../core/errors.ts'
import type { PayloadRef } from '../lease/records.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** With more live runs than this nothing is removed: it would take too long to look through all of them. */
const MAX_LIVE_RUNS = 10_000

/** Of these hashes, the ones that a live run needs. Throws when that cannot be said. */
export async function neededPayloads(
  ledger: Pick<Ledger, 'runHeads' | 'dags' | 'tasks'>,
  hashes: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const runs = await liveRuns(ledger)
  const needed = new Set<string>()
  const note = (ref: PayloadRef | null) => {
    if (ref !== null && hashes.has(ref.hash)) needed.add(ref.hash)
  }
  for (const id of runs) {
    for (const { data } of await ledger.dags(id)) note(data)
    for (const { out } of await ledger.tasks(id)) note(out)
    if (needed.size === hashes.size) break
  }
  return needed
}

/** Ids of all live runs. Throws when there are too many. */
export async function liveRuns(ledger: Pick<Ledger, 'runHeads'>): Promise<ReadonlySet<string>> {
  const runs = await ledger.runHeads({ states: ['running'], limit: MAX_LIVE_RUNS + 1 })
  if (runs.length > MAX_LIVE_RUNS)
    throw new LightflowError('LF_PAYLOADS_KEPT', 'Too many runs are live to look through.')
  return new Set(runs.map(({ id }) => id))
}

/** A ledger file in a temporary folder, and what writes to it as the ledger's thread does. */
import { systemClock } from '../../../src/core/clock.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { GroupCommit, type Outcome } from '../../../src/ledger/sqlite/group-commit.ts'
import { openDatabase, type OpenDatabase } from '../../../src/ledger/sqlite/open-database.ts'
import { sqliteTables } from '../../../src/ledger/sqlite/sqlite-tables.ts'
import type { OperationCall } from '../../../src/ledger/transactions/operations.ts'
import { packRun } from '../../../src/ledger/transactions/submit.ts'
import { dagPlan, newRun } from '../contract/bench.ts'
import { temporaryFolder } from './temporary-folder.ts'

export const turn = { clock: systemClock, random: seededRandom(1) }

export interface FileWriter {
  folder: string
  path: string
  database: OpenDatabase
  commits: GroupCommit
  /** Ends it and removes the folder. */
  remove(): Promise<void>
}

export async function makeFileWriter(): Promise<FileWriter> {
  const { path: folder, remove } = await temporaryFolder()
  const path = `${folder}/ledger.sqlite`
  const database = await openDatabase(path, 'incarnation', turn)
  const commits = new GroupCommit(database, turn)
  return {
    folder,
    path,
    database,
    commits,
    async remove() {
      await commits.idle()
      closeDatabase(database)
      await remove()
    },
  }
}

export function closeDatabase({ reader, writer, log }: OpenDatabase): void {
  reader.close()
  writer.close()
  log.close()
}

export function writeTo(commits: GroupCommit, call: OperationCall): Promise<Outcome> {
  return new Promise(resolve => {
    commits.add({ call, settle: resolve })
  })
}

/** Submits a run with two tasks. */
export function submission(run: string, bundle = 'hash'): OperationCall {
  const submitted = newRun(run, [dagPlan('main', ['a', 'b'], ['a>b'])], { bundle })
  return { name: 'submit', now: 1, args: [packRun(submitted, submitted.plan)] }
}

/** Ids of all runs, sorted. */
export function runsIn({ reader }: OpenDatabase): string[] {
  return sqliteTables(reader)
    .runs({ limit: 10_000 })
    .map(({ id }) => id)
    .sort()
}

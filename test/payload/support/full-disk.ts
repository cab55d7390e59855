/** Threads that find no room for what arrives. */
import { BulkThreads } from '../../../src/payload/bulk/bulk-threads.ts'

export class FullDisk extends BulkThreads {
  override async feedSink(): Promise<void> {
    throw noSpace()
  }

  override async settledSink(): Promise<number> {
    throw noSpace()
  }
}

function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: told by the test'), { code: 'ENOSPC' })
}

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ThreadPool } from '../../src/workers/threads/thread-pool.ts'
import { dataOf, makeJob, RecordingHost, WELL_BEHAVED_FILE } from '../workers/make-job.ts'

describe('defects of the original, in workers', () => {
  it('defect 15: tasks in different threads draw different random numbers', async () => {
    const codeCacheFolder = await mkdtemp(join(tmpdir(), 'lf-threads-'))
    const pool = new ThreadPool({}, { codeCacheFolder })
    try {
      // At the same time, so that each has a thread of its own.
      const jobs = [1, 2, 3].map(() =>
        pool.start(makeJob('draw', { bundleFile: WELL_BEHAVED_FILE }), new RecordingHost().host),
      )
      const drawn = await Promise.all(jobs.map(async ({ result }) => dataOf(await result)))
      assert.equal(new Set(drawn.map(({ thread }) => thread)).size, 3)
      assert.equal(new Set(drawn.flatMap(({ numbers }) => numbers as number[])).size, 9)
    } finally {
      await pool.close()
      await rm(codeCacheFolder, { recursive: true })
    }
  })
})

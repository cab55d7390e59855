/** A process with a thread that runs a command for ever; prints what the command prints. For a test that kills it. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { ThreadPool } from '../../../src/workers/threads/thread-pool.ts'
import { RecordingHost, makeJob } from '../make-job.ts'

const [, , bundleFile, folder] = process.argv as [string, string, string, string]
const { host } = new RecordingHost({ output: (_, line) => void process.stdout.write(`${line}\n`) })
const job = makeJob('for-ever', { bundleFile })
new ThreadPool().start({ ...job, context: { ...job.context, scratch: mkdtempSync(join(folder, 'scratch-')) } }, host)

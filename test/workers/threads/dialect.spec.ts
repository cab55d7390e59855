/** Peers whose sources change while they run: real threads, from a copy of the sources. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packagesAbove } from '../../../src/node/cached-bundle.ts'
import { DIALECT } from '../../../src/workers/threads/thread-messages.ts'
import type * as threadPool from '../../../src/workers/threads/thread-pool.ts'
import type { JobResult } from '../../../src/workers/worker-pool.ts'
import { makeJob, RecordingHost } from '../make-job.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const THREADS = join('src', 'workers', 'threads')

describe('what a peer and its threads say to each other', () => {
  let root: string
  let pool: threadPool.ThreadPool
  let told: number

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'lightflow-test-'))
    for (const part of ['src', 'protocols', 'package.json'])
      cpSync(join(ROOT, part), join(root, part), { recursive: true })
    symlinkSync(packagesAbove(ROOT) ?? '', join(root, 'node_modules'))
    const file = pathToFileURL(join(root, THREADS, 'thread-pool.ts')).href
    const { ThreadPool } = (await import(file)) as typeof threadPool
    told = 0
    pool = new ThreadPool({}, { onOtherSources: () => (told += 1) })
  })

  afterEach(async () => {
    await pool.close()
    rmSync(root, { recursive: true })
  })

  it('is not tried when the sources have come to speak otherwise: the task is given back, with what to do', async () => {
    edit('thread-messages.ts', /DIALECT = \d+/, `DIALECT = ${DIALECT + 1}`)
    saysToRestart(await run())
    saysToRestart(await run())
  })

  it('is not tried either with a thread that is older than this question, and would wait for other messages', async () => {
    edit('thread-main.ts', 'dialect: DIALECT, ', '')
    edit('thread-main.ts', 'if (dialect !== DIALECT) process.exit()', '')
    edit('thread-main.ts', "=== 'jobs'", "=== 'job'")
    saysToRestart(await run())
  })

  it('is not waited for when the sources are gone or half changed', async () => {
    edit('thread-main.ts', "from './thread-host.ts'", "from './thread-hosts.ts'")
    assert.equal((await run()).error?.code, 'LF_WORKER_NOT_STARTED')
    rmSync(join(root, THREADS, 'thread-main.ts'))
    assert.equal((await run()).error?.code, 'LF_WORKER_NOT_STARTED')
  })

  /** Whoever changes what these files say raises the number, and notes here what it is of. */
  it('has a number for each of its states', () => {
    const files = [join(THREADS, 'thread-messages.ts'), join('src', 'workers', 'worker-pool.ts')]
    const code = files.map(file => withoutComments(readFileSync(join(ROOT, file), 'utf8'))).join('')
    assert.deepEqual([DIALECT, createHash('sha256').update(code).digest('hex').slice(0, 16)], [2, 'f5a32b189af91dfc'])
  })

  function run(): Promise<JobResult> {
    return pool.start(makeJob('nothing'), new RecordingHost().host).result
  }

  function saysToRestart({ outcome, error }: JobResult): void {
    assert.deepEqual([outcome, error?.code], ['failed', 'LF_SOURCES_CHANGED'])
    assert.match(`${error?.message} ${error?.hint}`, /was changed here while .* Start the peer again: lf node/)
    assert.ok(told > 0, 'the peer knows that it can begin nothing any more')
  }

  function edit(name: string, text: string | RegExp, by: string): void {
    const file = join(root, THREADS, name)
    const before = readFileSync(file, 'utf8')
    const after = before.replace(text, by)
    assert.notEqual(after, before)
    writeFileSync(file, after)
  }
})

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*\*[\s\S]*?\*\/|^ *\/\/.*$/gm, '').replaceAll(/\s/g, '')
}

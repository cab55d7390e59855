import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { RunningJob } from '../../../src/workers/worker-pool.ts'
import { ThreadPool } from '../../../src/workers/threads/thread-pool.ts'
import { eventually } from '../../support/eventually.ts'
import { isAlive } from '../../support/is-alive.ts'
import { RecordingHost, dataOf, makeJob } from '../make-job.ts'

const COMMANDS_FILE = fileURLToPath(new URL('../fixtures/commands.ts', import.meta.url))
const PROCESS_FILE = fileURLToPath(new URL('./commands-process.ts', import.meta.url))
const killed = { code: 'LF_TIMEOUT', message: 'The task took too long.' }

describe('a shell command in a worker thread', () => {
  let pool: ThreadPool
  let host: RecordingHost
  let scratch: string
  beforeEach(() => {
    pool = new ThreadPool()
    host = new RecordingHost()
    scratch = mkdtempSync(join(tmpdir(), 'lf-bash-'))
  })
  afterEach(async () => {
    await pool.close()
    rmSync(scratch, { recursive: true, force: true })
  })

  const start = (task: string, data = {}): RunningJob => {
    const job = makeJob(task, { bundleFile: COMMANDS_FILE, data })
    return pool.start({ ...job, context: { ...job.context, scratch } }, host.host)
  }
  const pids = (): number[] => host.lines.map(line => Number(line.replace('stdout: ', '')))

  it('runs on the data of its task, and its lines are the log of the task', async () => {
    const result = await start('short', { text: 'frames\n' }).result
    assert.equal(dataOf(result)['line'], 'frames')
    assert.deepEqual(host.lines.toSorted(), ['stderr: done', 'stdout: frames'])
  })

  it('leaves its thread as clean as it was: the next task runs there', async () => {
    assert.equal(dataOf(await start('count').result)['runs'], 1)
    await start('short').result
    assert.equal(dataOf(await start('count').result)['runs'], 2)
  })

  it('leaves no number of a file behind that its thread would close when it ends, though it is another’s by then', async () => {
    await start('short').result
    const files = Array.from({ length: 50 }, () => openSync('/dev/null', 'r'))
    try {
      await pool.close()
      for (const file of files) fstatSync(file)
    } finally {
      for (const file of files) closeSync(file)
    }
  })

  it('is ended when its DAG is being stopped', async () => {
    const running = start('for-ever')
    await eventually(() => pids().length === 2)
    running.stop()
    assert.equal((await running.result).outcome, 'stopped')
    await eventually(() => !pids().some(isAlive))
  })

  it('is ended with its group when its attempt is ended within a grace', async () => {
    const running = start('for-ever')
    await eventually(() => pids().length === 2)
    running.kill(killed, 60_000)
    assert.deepEqual((await running.result).error, killed)
    await eventually(() => !pids().some(isAlive))
  })

  it('is ended with its group when its lease is lost, which knows no grace', async () => {
    const running = start('for-ever')
    await eventually(() => pids().length === 2)
    running.kill(killed, 0)
    await running.result
    await eventually(() => !pids().some(isAlive))
  })

  it('does not outlive its peer, also when that is killed with SIGKILL', async () => {
    const peer = spawn(process.execPath, [PROCESS_FILE, COMMANDS_FILE, scratch], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: string[] = []
    createInterface(peer.stdout).on('line', line => lines.push(line))
    try {
      await eventually(() => lines.length === 2)
      assert.ok(lines.every(pid => isAlive(Number(pid))))
    } finally {
      peer.kill('SIGKILL')
    }
    await eventually(() => !lines.some(pid => isAlive(Number(pid))))
  })
})

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from '../../support/eventually.ts'
import { isAlive } from '../../support/is-alive.ts'

const PROGRAM = fileURLToPath(new URL('../../../scripts/bench.ts', import.meta.url))

/** A bench as it is started by hand; its temporary files in this folder. */
function startBench(words: readonly string[], folder: string) {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    env: { ...process.env, TMPDIR: folder, LF_TEST_MONGODB_URI: '', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const told = { out: '', error: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told.error += text))
  return { child, told, ended: once(child, 'close') as Promise<[code: number | null, signal: string | null]> }
}

function childrenOf(pid: number): number[] {
  const pids = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(pid)], { encoding: 'utf8' })
  return pids.split('\n').flatMap(line => (line.trim() === '' || line.endsWith(' ps') ? [] : [parseInt(line, 10)]))
}

describe('npm run bench', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'lightflow-test-'))))
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const wrong: [string[], RegExp][] = [
    [['taks'], /^There is no bench "taks"\. Did you mean "tasks"\?\n`npm run bench` tells more\.\n$/],
    [['tasks', '--round', '3'], /^There is no option --round\. Did you mean "--rounds"\?\n.*--help` tells more\.\n$/],
    [['hops', '--json', '/nowhere/at/all'], /^--json: \/nowhere\/at\/all cannot be written \(ENOENT\)\.\n/],
  ]
  for (const [words, message] of wrong) {
    it(`ends with code 2 and one sentence before anything is started: ${words.join(' ')}`, async () => {
      const { told, ended } = startBench(words, folder)
      assert.deepEqual(await ended, [2, null])
      assert.match(told.error, message)
      assert.deepEqual([told.out, await readdir(folder)], ['', []])
    })
  }

  it('leaves no folder behind when it has come to its end', async () => {
    const { told, ended } = startBench(['hops', '--rounds', '1', '--tasks', '2', '--ledgers', 'sqlite'], folder)
    assert.deepEqual(await ended, [0, null], told.error)
    assert.match(told.out, /^\| sqlite \| /m)
    assert.deepEqual(await readdir(folder), [])
  })

  it('removes what one has left that was killed', async () => {
    const words = ['tasks', '--peers', '1', '--scenarios', 'chain', '--rounds', '1000']
    const { child, told, ended } = startBench(words, folder)
    await eventually(() => told.error.includes('tasks: chain, '), 100_000)
    const left = childrenOf(child.pid ?? -1)
    child.kill('SIGKILL')
    await ended
    assert.equal((await readdir(folder)).length, 1)
    const next = async (): Promise<void> => {
      await startBench(['hops', '--rounds', '1', '--tasks', '2', '--ledgers', 'memory'], folder).ended
    }
    await next()
    assert.equal((await readdir(folder)).length, 1, 'it is left alone while a peer of it is at work there')
    for (const pid of left.filter(isAlive)) process.kill(pid, 'SIGKILL')
    await eventually(() => !left.some(isAlive))
    await next()
    assert.deepEqual(await readdir(folder), [])
  })

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`leaves neither a process nor a folder behind when it is broken off by ${signal}`, async () => {
      const words = ['tasks', '--peers', '1', '--scenarios', 'chain', '--rounds', '1000']
      const { child, told, ended } = startBench(words, folder)
      await eventually(() => told.error.includes('tasks: chain, '), 100_000)
      const peers = childrenOf(child.pid ?? -1)
      assert.notEqual(peers.length, 0)
      child.kill(signal)
      assert.deepEqual(await ended, [code, null], told.error)
      assert.match(told.error, new RegExp(`${signal}: ending what was started\\.\\n$`))
      await eventually(() => !peers.some(isAlive))
      assert.deepEqual(await readdir(folder), [])
    })
  }
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startGuarded } from '../../scripts/bench/rivals/guarded-server.ts'
import { eventually } from '../support/eventually.ts'
import { isAlive } from '../support/is-alive.ts'

const PROCESS = fileURLToPath(new URL('guarded-server-process.ts', import.meta.url))

describe('A server of the bench', () => {
  let folder: string
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'lightflow-guard-'))))
  afterEach(() => rm(folder, { recursive: true, force: true }))

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`ends with the process that started it, also by ${signal}, and its folder is removed`, async () => {
      const starter = spawn(process.execPath, [PROCESS, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
      const [line] = (await once(createInterface({ input: starter.stdout }), 'line')) as [string]
      const server = Number(line)
      assert(isAlive(server))
      starter.kill(signal)
      await eventually(() => !isAlive(server) && !existsSync(folder))
    })
  }

  it('is gone, and its folder with it, when stop has resolved', async () => {
    let server = 0
    const isReady = (line: string): boolean => (server = Number(line)) > 0
    const guarded = await startGuarded('sh', ['-c', 'echo $$; exec sleep 1000'], { folder, isReady })
    assert(isAlive(server))
    await guarded.stop()
    assert.equal(isAlive(server), false)
    assert.equal(existsSync(folder), false)
  })

  it('that ends before it is ready is an error with what it said', async () => {
    const started = startGuarded('sh', ['-c', 'echo no room >&2'], { folder, isReady: () => false })
    await assert.rejects(started, /ended before it was ready: no room/)
    assert.equal(existsSync(folder), false)
  })
})

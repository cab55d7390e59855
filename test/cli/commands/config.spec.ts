import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runCommand } from '../support/run-command.ts'
import { lf } from '../support/spawn-lf.ts'

describe('lf config', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lightflow-test-'))
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('list says what holds and where it comes from, without passwords', async () => {
    const env = { LF_HOME: folder, LF_LEDGER: 'mongodb://me:secret@db1/beamline?replicaSet=rs', LF_WORKFLOWS: 'a:/b' }
    const { exit, stdout } = await lf(['config', 'list', '--home', '/somewhere', '--json'], { env })
    assert.equal(exit, 0)
    assert.doesNotMatch(stdout, /secret|me:/)
    const { settings, places } = JSON.parse(stdout)
    assert.deepEqual(
      settings.map(({ name, value, from }: Record<string, string>) => [name, value, from]),
      [
        ['LF_HOME', '/somewhere', 'flag'],
        ['LF_LEDGER', 'mongodb://db1/beamline', 'environment'],
        ['LF_WORKFLOWS', `${resolve('a')}:/b`, 'environment'],
        ['LF_LOG_LEVEL', 'info', 'default'],
      ],
    )
    assert.match(places.payloads, /^\/somewhere\/mongodb-\w+\.files\/payloads$/)
    const plain = await lf(['config', 'list'], { env: { LF_HOME: folder } })
    assert.match(plain.stdout, new RegExp(`LF_HOME {2}from the environment\n {4}${folder}\n`))
    assert.match(plain.stdout, new RegExp(`LF_LEDGER {2}default\n {4}sqlite:${folder}/ledger\\.sqlite\n`))
  })

  it('default prints a file that sets nothing, and writes it when asked, but never over another one', async () => {
    const { stdout } = await runCommand('config:default', [])
    const lines = stdout.split('\n').filter(line => line !== '')
    assert.ok(
      lines.every(line => line.startsWith('#')),
      stdout,
    )
    for (const name of ['LF_HOME', 'LF_LEDGER', 'LF_WORKFLOWS', 'LF_LOG_LEVEL'])
      assert.match(stdout, new RegExp(`^#${name}=`, 'm'))
    const file = join(folder, 'lightflow.env')
    assert.equal((await runCommand('config:default', [folder])).stdout, `${file}\n`)
    assert.equal(await readFile(file, 'utf8'), stdout)
    await writeFile(file, 'mine')
    const refused = await runCommand('config:default', [file])
    assert.deepEqual([refused.exitCode, await readFile(file, 'utf8')], [2, 'mine'])
    assert.match(refused.stderr, /is there\s+already\.\s.*--force/s)
    assert.equal((await runCommand('config:default', [file, '--force'])).exitCode, 0)
    assert.equal(await readFile(file, 'utf8'), stdout)
  })
})

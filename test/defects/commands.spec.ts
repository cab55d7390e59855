/** What was wrong with the original and must not come back: defects of shell commands. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BashTask, type BashTaskOptions, type Command, Dag, type LocalRun, runLocal } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { isAlive } from '../support/is-alive.ts'
import { isOpenToOthers } from '../support/open-to-others.ts'

describe('defects of the original, in commands', () => {
  const bash = (command: Command, options: BashTaskOptions = {}): Promise<LocalRun> =>
    runLocal(new Dag('main').define([new BashTask('command', command, options)]))
  const output = ({ lines }: LocalRun): string[] => lines.map(({ line }) => line)

  it('defect 7: stdin is written and closed: cat and head -1 end', async () => {
    assert.deepEqual(output(await bash('cat', { stdin: 'a\nb\n' })), ['a', 'b'])
    // More than a pipe holds, of which the command reads one line.
    const long = `first\n${'x'.repeat(1_000_000)}`
    const run = await bash('head -1', { stdin: long })
    assert.deepEqual([run.state, output(run)], ['succeeded', ['first']])
    assert.equal((await bash('cat')).state, 'succeeded')
  })

  it('defect 8: a command that fills both of its outputs in turn does not hang', async () => {
    // Each of them is more than a pipe holds.
    const command =
      'for i in 1 2 3; do head -c 300000 /dev/zero | tr "\\0" e >&2; head -c 300000 /dev/zero | tr "\\0" o; done'
    let bytes: unknown
    const run = await bash(command, {
      captureStdout: true,
      captureStderr: true,
      callbackEnd: ({ stdout, stderr }) => void (bytes = [stdout?.bytes, stderr?.bytes]),
    })
    assert.deepEqual([run.state, bytes], ['succeeded', [900_000, 900_000]])
  })

  it('defect 8: a slow line callback of one output does not hold up the other', async () => {
    const release = Promise.withResolvers<void>()
    const run = await bash('echo wait; head -c 300000 /dev/zero | tr "\\0" e >&2; echo >&2; echo go >&2', {
      callbackStdout: () => release.promise,
      callbackStderr: ({ line }) => void (line === 'go' && release.resolve()),
    })
    assert.equal(run.state, 'succeeded')
  })

  for (const name of ['callbackStdout', 'callbackStderr'] as const) {
    it(`defect 9: what ${name} throws fails the task`, async () => {
      const command = 'echo line; echo line >&2; sleep 600'
      const run = await bash(command, { [name]: () => Promise.reject(new Error('cannot read this')), graceMs: 100 })
      assert.deepEqual([run.state, run.error?.message], ['failed', 'cannot read this'])
    })
  }

  it('defect 10: ending a command ends its grandchildren too, and nothing waits for them', async () => {
    const pids: number[] = []
    const stop = new AbortController()
    const command = 'sh -c "sleep 600 & echo \\$!; wait" & echo $!; wait'
    const task = new BashTask('command', command, {
      callbackStdout: ({ line }) => {
        pids.push(Number(line))
        if (pids.length === 2) stop.abort()
      },
    })
    const run = await runLocal(new Dag('main').define([task]), {}, { signal: stop.signal })
    assert.equal(run.task('command').state, 'stopped')
    await eventually(() => pids.length === 2 && !pids.some(isAlive))
  })

  it('defect 11: the group is changed before the user, so that both are', async function () {
    if (process.getuid?.() !== 0) this.skip()
    const run = await bash('id -u; id -g; id -G', { user: 65_534, group: 12 })
    assert.deepEqual([run.error, output(run)], [undefined, ['65534', '12', '12']])
  })

  it('defect 11: a peer that may not change the user says so', function () {
    const program = fileURLToPath(new URL('./other-user-process.ts', import.meta.url))
    const asOther = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    // The checkout, or the folder for temporary files, may be closed to others.
    if (!isOpenToOthers() || spawnSync('cat', [program], asOther).status !== 0) this.skip()
    const folder = mkdtempSync(join(tmpdir(), 'lf-other-'))
    try {
      if (asOther.uid !== undefined) chownSync(folder, asOther.uid, asOther.gid)
      const env = { ...process.env, TMPDIR: folder }
      const { stdout, stderr } = spawnSync(process.execPath, [program], { ...asOther, env, encoding: 'utf8' })
      assert.match(stdout, /^LF_BASH_START .*Only a peer that runs as root may run commands as user 0/, stdout + stderr)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LightflowError } from '../../src/core/errors.ts'
import { BashTask } from '../../src/tasks/bash-task.ts'
import type { BashTaskOptions, Command, EndCall } from '../../src/tasks/bash/bash-options.ts'
import { runTask } from '../../src/tasks/run-task.ts'
import type { TaskAttempt, TaskResult } from '../../src/tasks/task-host.ts'
import { Action } from '../../src/workflow/action.ts'
import { AbortWorkflow, StopTask } from '../../src/workflow/signals.ts'
import { eventually } from '../support/eventually.ts'
import { isAlive } from '../support/is-alive.ts'
import { isOpenToOthers } from '../support/open-to-others.ts'
import { context, dataOf, input, NotingHost } from './attempts.ts'

const isRoot = process.getuid?.() === 0

describe('BashTask', () => {
  let scratch: string
  let host: NotingHost
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'lf-bash-'))
    host = new NotingHost()
  })
  afterEach(() => rmSync(scratch, { recursive: true, force: true }))

  const bash = (
    command: Command,
    options: BashTaskOptions = {},
    attempt: Partial<TaskAttempt> = {},
  ): Promise<TaskResult> =>
    runTask({
      task: new BashTask('fit', command, options),
      context: { ...context, scratch },
      inputs: [],
      start: null,
      host,
      abort: new AbortController().signal,
      isStopped: () => false,
      ...attempt,
    })

  const lines = (): unknown[] => host.calls.map(([, output, line]) => `${String(output)}: ${String(line)}`)

  /** What `callbackEnd` is told of this command. */
  const ended = async (command: Command, options: BashTaskOptions = {}) => {
    let seen:
      | { exitCode: number | null; exitSignal: string | null; stdout: string | null; stderr: string | null }
      | undefined
    const callbackEnd = async ({ exitCode, exitSignal, stdout, stderr }: EndCall): Promise<void> => {
      seen = { exitCode, exitSignal, stdout: (await stdout?.text()) ?? null, stderr: (await stderr?.text()) ?? null }
    }
    const result = await bash(command, {
      captureStdout: true,
      captureStderr: true,
      check: false,
      ...options,
      callbackEnd,
    })
    assert.equal(result.error, null)
    return seen
  }

  it('runs a command, and its outputs are the log of the task, line by line', async () => {
    const result = await bash('echo one; echo two >&2; printf three')
    assert.deepEqual([result.outcome, result.error], ['done', null])
    assert.deepEqual(lines().toSorted(byText), ['stderr: two', 'stdout: one', 'stdout: three'])
  })

  describe('takes', () => {
    it('the command as a function of the data and the store, called last', async () => {
      const order: string[] = []
      const noting = new NotingHost({ storeGet: () => 'stored' })
      const options: BashTaskOptions = { cwd: () => (order.push('cwd'), '/'), env: () => (order.push('env'), {}) }
      const command: Command = async (data, store) => {
        order.push('command')
        return `echo ${data.get<string>('name')} ${await store.get<string>('x')}`
      }
      await bash(command, options, { host: noting, inputs: [input('put', { name: 'lysozyme' })] })
      assert.deepEqual(noting.calls.at(-1), ['output', 'stdout', 'lysozyme stored'])
      assert.deepEqual(order, ['cwd', 'env', 'command'])
    })

    it('every option as a function', async () => {
      const result = await ended('cat; pwd; echo $X; id -u', {
        cwd: () => '/usr',
        env: () => ({ X: 'x' }),
        extendEnv: () => true,
        user: () => process.getuid?.() ?? null,
        group: () => process.getgid?.() ?? null,
        stdin: data => `${data.keys().length}\n`,
        captureStdout: () => true,
        captureStderr: () => false,
        check: () => false,
        shell: () => 'sh',
        graceMs: () => 10,
      })
      assert.equal(result?.stdout, `0\n/usr\nx\n${process.getuid?.()}\n`)
      assert.equal(result?.stderr, null)
    })

    it('a function that stops the task or fails, naming the option', async () => {
      const stopped = await bash(() => Promise.reject(new StopTask('nothing to do')))
      assert.deepEqual([stopped.outcome, stopped.error?.message], ['stopped', 'nothing to do'])
      const failed = await bash('true', { cwd: () => Promise.reject(new Error('no scan')) })
      assert.equal(failed.error?.message, 'The function for "cwd" of the task "fit" failed: no scan')
    })

    it('cwd: where the command runs', async () => {
      assert.equal((await ended('pwd', { cwd: '/usr/bin' }))?.stdout, '/usr/bin\n')
    })

    it('env: added to the environment of the peer; null takes a variable away', async () => {
      process.env['LF_TEST_INHERITED'] = 'yes'
      try {
        const command = 'echo "$LF_TEST_INHERITED $A $B"'
        assert.equal((await ended(command, { env: { A: 'a', B: 2 } }))?.stdout, 'yes a 2\n')
        assert.equal((await ended(command, { env: { LF_TEST_INHERITED: null } }))?.stdout, '  \n')
      } finally {
        delete process.env['LF_TEST_INHERITED']
      }
    })

    it('env: does not hold the address of the ledger, which may have a password, unless the author says so', async () => {
      const before = process.env['LF_LEDGER']
      process.env['LF_LEDGER'] = 'mongodb://me:secret@db1/beamline'
      try {
        assert.equal((await ended('echo "<$LF_LEDGER>"'))?.stdout, '<>\n')
        assert.equal((await ended('env'))?.stdout?.includes('secret'), false)
        const asked = await ended('echo "<$LF_LEDGER>"', {
          env: () => ({ LF_LEDGER: process.env['LF_LEDGER'] ?? null }),
        })
        assert.equal(asked?.stdout, '<mongodb://me:secret@db1/beamline>\n')
      } finally {
        if (before === undefined) delete process.env['LF_LEDGER']
        else process.env['LF_LEDGER'] = before
      }
    })

    it('extendEnv: false, so that env is all that the command gets', async () => {
      const result = await ended('/usr/bin/env', { env: { A: 'a' }, extendEnv: false })
      const names = (result?.stdout ?? '').trim().split('\n').map(line => line.split('=')[0] ?? '').toSorted(byText) // oxfmt-ignore
      const byShell = ['OLDPWD', 'PWD', 'SHLVL', '_']
      const rest = names.filter(name => !byShell.includes(name))
      assert.deepEqual(rest, [
        'A',
        'LF_ATTEMPT',
        'LF_DAG',
        'LF_FENCE',
        'LF_RUN',
        'LF_SCRATCH',
        'LF_TASK',
        'LF_WORKFLOW',
      ])
    })

    it('who it runs for, as LF_RUN, LF_DAG, LF_TASK, LF_ATTEMPT, LF_FENCE and LF_SCRATCH', async () => {
      const command = 'echo "$LF_RUN $LF_WORKFLOW $LF_DAG $LF_TASK $LF_ATTEMPT $LF_FENCE $LF_SCRATCH"'
      assert.equal((await ended(command))?.stdout, `scan-xyz scan main:1 fit 1 1 ${scratch}\n`)
    })

    it('stdin: as text and as bytes', async () => {
      assert.equal((await ended('tr a-z A-Z', { stdin: 'frames' }))?.stdout, 'FRAMES')
      assert.equal((await ended('wc -c', { stdin: new Uint8Array(300_000) }))?.stdout?.trim(), '300000')
    })

    it('no stdin: the command reads nothing, and does not wait for it', async () => {
      assert.equal((await ended('cat; echo end'))?.stdout, 'end\n')
    })

    it('shell: what runs the command', async () => {
      assert.equal((await ended('echo ${BASH_VERSION:+bash}'))?.stdout, 'bash\n')
      assert.equal((await ended('echo $0', { shell: 'sh' }))?.stdout, 'sh\n')
      const { error } = await bash('true', { shell: 'no-such-shell' })
      assert.match(error?.message ?? '', /exit code 127.*no-such-shell/s)
    })

    it('user and group by their numbers', async () => {
      const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
      assert.equal((await ended('id -u; id -g', { user: uid, group: gid }))?.stdout, `${uid}\n${gid}\n`)
    })

    it('user and group by their names', async function () {
      if (!isRoot) this.skip()
      const named = { user: 'daemon', group: 'nogroup' }
      const expected = spawnSync('sh', ['-c', 'id -u daemon; getent group nogroup | cut -d: -f3']).stdout.toString()
      assert.equal((await ended('id -u; id -g', named))?.stdout, expected)
    })

    it('a user alone: the group is the one of the user, and no other is left', async function () {
      if (!isRoot) this.skip()
      assert.equal((await ended('id -un; id -gn; id -Gn', { user: 'daemon' }))?.stdout, 'daemon\ndaemon\ndaemon\n')
    })

    it('another user, who can open all three streams by their names', async function () {
      if (!isRoot) this.skip()
      const command = 'cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr'
      const result = await ended(command, { user: 'daemon', stdin: 'in\n' })
      assert.deepEqual(result, { exitCode: 0, exitSignal: null, stdout: 'in\nout\n', stderr: 'err\n' })
    })

    it('another user, who has a home and a scratch folder of its own', async function () {
      if (!isRoot || !isOpenToOthers()) this.skip()
      // As the folder for temporary files, and not as the one that mkdtemp makes.
      chmodSync(scratch, 0o755)
      const result = await ended('echo "$HOME $USER $LOGNAME"; touch "$LF_SCRATCH/x" && stat -c %U "$LF_SCRATCH/x"', {
        user: 'daemon',
      })
      assert.equal(result?.stdout, '/usr/sbin daemon daemon\ndaemon\n')
      assert.deepEqual(await readdir(join(scratch, `user-${idOf('daemon')}`)), ['x'])
    })

    it('a user whom the host does not know only by number, and with a group', async function () {
      if (!isRoot) this.skip()
      const without = await bash('true', { user: 12_345 })
      assert.deepEqual([without.error?.code, without.error?.hint], ['LF_BASH_USER', 'Name one: { user: 12345, group: … }.']) // oxfmt-ignore
      assert.equal((await ended('id -u; id -g; id -G', { user: 12_345, group: 12 }))?.stdout, '12345\n12\n12\n')
    })

    it('no user whom the site’s servers could not tell of', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'lf-getent-'))
      const path = process.env['PATH']
      writeFileSync(join(folder, 'getent'), '#!/bin/sh\nexit 3\n', { mode: 0o755 })
      process.env['PATH'] = folder
      try {
        const { error } = await bash('true', { user: 12_345 })
        assert.equal(error?.code, 'LF_ACCOUNT_LOOKUP')
        assert.match(`${error.message} ${error.hint}`, /user "12345".*getent passwd 12345.*LDAP/)
      } finally {
        process.env['PATH'] = path
        rmSync(folder, { recursive: true })
      }
    })

    it('nothing that it does not know, or of a wrong kind', () => {
      const wrong: [BashTaskOptions, RegExp][] = [
        [{ captureStdOut: true } as BashTaskOptions, /has no option "captureStdOut"/],
        [{ cwd: 5 as never }, /needs a path as "cwd"/],
        [{ env: ['A=1'] as never }, /an object of texts as "env"/],
        [{ env: { A: true as never } }, /an object of texts as "env"/],
        [{ env: { 'A=': 'x' } }, /an object of texts as "env"/],
        [{ user: -1 }, /a name or a number as "user"/],
        [{ stdin: 5 as never }, /a text or bytes as "stdin"/],
        [{ check: 'no' as never }, /true or false as "check"/],
        [{ graceMs: -1 }, /milliseconds as "graceMs"/],
        [{ callbackEnd: 'x' as never }, /a function as "callbackEnd"/],
      ]
      for (const [options, message] of wrong) {
        assert.throws(() => new BashTask('fit', 'true', options), { code: 'LF_TASK_OPTIONS', message })
      }
      for (const command of ['', ' ', undefined, 5]) {
        assert.throws(() => new BashTask('fit', command as string), { code: 'LF_TASK_OPTIONS', message: /a command/ })
      }
    })
  })

  it('offers pipes, not sockets, as its outputs: /dev/stdout and /dev/stderr can be opened', async () => {
    const result = await ended('echo a > /dev/stdout; echo b > /dev/stderr; cat /dev/stdin', { stdin: 'c' })
    assert.deepEqual(result, { exitCode: 0, exitSignal: null, stdout: 'a\nc', stderr: 'b\n' })
  })

  describe('ends', () => {
    it('as failed when the exit code is not 0, with the code and the last words', async () => {
      const result = await bash('for i in 1 2 3 4 5 6 7; do echo "line $i" >&2; done; exit 3')
      assert.deepEqual([result.outcome, result.error?.code], ['failed', 'LF_COMMAND_FAILED'])
      assert.equal(
        result.error?.message,
        'The command of the task "fit" ended with exit code 3: line 3\nline 4\nline 5\nline 6\nline 7',
      )
    })

    it('as failed when a signal ended the command, which it names', async () => {
      const { error } = await bash('kill -KILL $$')
      assert.equal(error?.message, 'The command of the task "fit" was ended by SIGKILL.')
      assert.match(error?.hint ?? '', /memory/)
    })

    it('with a hint for programs that are not there', async () => {
      assert.match((await bash('no-such-program')).error?.hint ?? '', /not found.*PATH/)
    })

    it('as done, whatever the exit code, with check: false', async () => {
      assert.equal((await bash('exit 3', { check: false })).outcome, 'done')
    })

    it('with its data passed on as the callbacks left it', async () => {
      const result = await bash('echo 5', {
        callbackStdout: ({ line, data }) => data.set('value', Number(line)),
      })
      assert.deepEqual(dataOf(result), { value: 5 })
    })

    it('as failed, with a clear word, when the command cannot be started', async () => {
      const folder = await bash('true', { cwd: '/no/such/folder' })
      assert.deepEqual([folder.error?.code, folder.error?.hint], ['LF_BASH_START', 'Does the folder "/no/such/folder" exist on this peer?']) // oxfmt-ignore
      const long = await bash(`: ${'x'.repeat(3_000_000)}`)
      assert.equal(long.error?.code, 'LF_BASH_START')
      assert.match(long.error?.hint ?? '', /stdin/)
      const who = await bash('true', { user: 'no-such-user' })
      assert.match(who.error?.message ?? '', /user "no-such-user", which this host does not know/)
    })

    it('with what it started in groups of its own', async () => {
      await bash('set -m; sleep 600 >/dev/null 2>&1 & echo $!')
      const [, , pid] = host.calls[0] as [unknown, unknown, string]
      await eventually(() => !isAlive(Number(pid)))
    })

    it('leaving nothing open and nothing running', async () => {
      const open = (): string[] => process.getActiveResourcesInfo().filter(kind => /Process|Pipe/.test(kind))
      process.stdout.write('')
      const before = open().length
      const results = [
        await bash('sleep 600 >/dev/null 2>&1 & echo $!'),
        await bash('exit 1'),
        await bash('true', { cwd: '/no/such/folder' }),
        await bash(() => Promise.reject(new Error('no command'))),
      ]
      assert.equal(open().length, before)
      assert.equal(results.length, 4)
      const [, , pid] = host.calls[0] as [unknown, unknown, string]
      await eventually(() => !isAlive(Number(pid)))
    })
  })

  describe('captures', () => {
    it('a whole stream in a file of the scratch folder', async () => {
      let path = ''
      const result = await bash('seq 1 100000', {
        captureStdout: true,
        async callbackEnd({ stdout, stderr, data }) {
          path = stdout?.path ?? ''
          data.set('bytes', [stdout?.bytes, (await stdout?.text())?.length, stderr])
        },
      })
      assert.ok(path.startsWith(`${scratch}/`))
      assert.deepEqual(dataOf(result), { bytes: [588_895, 588_895, null] })
    })

    it('bytes that are no text as they are', async () => {
      await bash("printf '\\377\\000\\n'", {
        captureStdout: true,
        callbackEnd: async ({ stdout }) =>
          assert.deepEqual([...(await readFile(stdout?.path ?? ''))], [0o377, 0, '\n'.charCodeAt(0)]),
      })
    })
  })

  describe('calls', () => {
    it('callbackProcess with the pid, before any line', async () => {
      const seen: unknown[] = []
      await bash('echo $$; sleep 0.05', {
        callbackProcess: ({ pid, context: { taskName } }) => void seen.push([taskName, String(pid)]),
        callbackStdout: ({ line }) => void seen.push(line),
      })
      const [first, line] = seen
      assert.deepEqual(first, ['fit', line])
    })

    it('callbackStdout and callbackStderr for each line of theirs, also the last one without a line break', async () => {
      const seen: string[] = []
      await bash("printf 'a\\r\\n\\nb'; printf 'c\\n' >&2", {
        callbackStdout: ({ line }) => void seen.push(`out ${line}`),
        callbackStderr: ({ line }) => void seen.push(`err ${line}`),
      })
      assert.deepEqual(seen.filter(line => line.startsWith('out')), ['out a', 'out ', 'out b']) // oxfmt-ignore
      assert.deepEqual(
        seen.filter(line => line.startsWith('err')),
        ['err c'],
      )
    })

    it('line callbacks one after the other, also when they are async', async () => {
      let [running, most] = [0, 0]
      await bash('seq 1 20', {
        async callbackStdout() {
          most = Math.max(most, ++running)
          await new Promise(resolve => void setImmediate(resolve))
          running -= 1
        },
      })
      assert.equal(most, 1)
    })

    it('callbackEnd with the exit code, also of a command that fails', async () => {
      let seen: unknown
      const result = await bash('exit 7', {
        callbackEnd: ({ exitCode, exitSignal }) => void (seen = [exitCode, exitSignal]),
      })
      assert.deepEqual([seen, result.outcome], [[7, null], 'failed'])
    })

    it('callbackEnd, which may choose lanes with an Action', async () => {
      const result = await bash('true', { callbackEnd: ({ data }) => new Action(data, { limit: ['lane1'] }) })
      assert.deepEqual(result.limit, ['lane1'])
    })

    it('callbackInit and callbackFinally as every task does', async () => {
      const seen: string[] = []
      await bash('exit 1', {
        callbackInit: () => void seen.push('init'),
        callbackProcess: () => void seen.push('process'),
        callbackEnd: () => void seen.push('end'),
        callbackFinally: ({ status }) => void seen.push(status),
      })
      assert.deepEqual(seen, ['init', 'process', 'end', 'error'])
    })
  })

  describe('is ended, with its whole process group,', () => {
    const forEver = 'sleep 600 & echo $!; echo $$; wait'
    const pids = (): number[] =>
      host.calls.filter(([, output]) => output === 'stdout').map(([, , line]) => Number(line))
    const allGone = (): boolean => pids().length === 2 && pids().every(pid => !isAlive(pid))

    const callbacks: [string, (thrown: unknown) => BashTaskOptions][] = [
      ['callbackProcess', thrown => ({ callbackProcess: () => Promise.reject(thrown) })],
      ['callbackStdout', thrown => ({ callbackStdout: () => Promise.reject(thrown) })],
      ['callbackStderr', thrown => ({ callbackStderr: () => Promise.reject(thrown) })],
    ]
    for (const [name, throwing] of callbacks) {
      it(`by what ${name} throws: a stop, an abort or an error`, async () => {
        const thrown: [unknown, string][] = [
          [new StopTask('enough', { skipSuccessors: false }), 'stopped'],
          [new AbortWorkflow('wrong sample'), 'aborted'],
          [new LightflowError('LF_X', 'cannot read this line'), 'failed'],
        ]
        for (const [value, outcome] of thrown) {
          const result = await bash(`echo words >&2; ${forEver}`, { ...throwing(value), graceMs: 100 })
          assert.deepEqual([result.outcome, result.error?.message], [outcome, (value as Error).message])
        }
        await eventually(() => pids().every(pid => !isAlive(pid)))
      })
    }

    it('when its DAG is being stopped: the task ends as stopped, after callbackEnd', async () => {
      let isStopped = false
      let seen: unknown
      const callbackEnd = ({ exitSignal }: EndCall): void => void (seen = exitSignal)
      const running = bash(forEver, { callbackEnd }, { isStopped: () => isStopped })
      await eventually(() => pids().length === 2)
      isStopped = true
      const result = await running
      assert.deepEqual([result.outcome, seen], ['stopped', 'SIGTERM'])
      await eventually(allGone)
    })

    it('when the attempt is aborted (timeout, lost lease, peer leaving)', async () => {
      const abort = new AbortController()
      const running = bash(forEver, {}, { abort: abort.signal })
      await eventually(() => pids().length === 2)
      abort.abort(new LightflowError('LF_TASK_TIMEOUT', 'too long'))
      const result = await running
      assert.deepEqual([result.outcome, result.error?.code], ['aborted', 'LF_TASK_TIMEOUT'])
      await eventually(allGone)
    })

    it('and gets the time to end by itself', async () => {
      let isStopped = false
      const command = 'trap "echo saved >&2; exit 0" TERM; echo ready >&2; while :; do sleep 0.01; done'
      const running = bash(command, {}, { isStopped: () => isStopped })
      await eventually(() => lines().includes('stderr: ready'))
      isStopped = true
      assert.equal((await running).outcome, 'stopped')
      assert.ok(lines().includes('stderr: saved'))
    })

    it('by SIGKILL when it does not heed SIGTERM within its grace', async () => {
      let isStopped = false
      let seen: unknown
      const command = 'trap "" TERM; echo ready; while :; do sleep 0.01; done'
      const callbackEnd = ({ exitSignal }: EndCall): void => void (seen = exitSignal)
      const running = bash(command, { graceMs: 50, callbackEnd }, { isStopped: () => isStopped })
      await eventually(() => lines().includes('stdout: ready'))
      isStopped = true
      await running
      assert.equal(seen, 'SIGKILL')
    })

    it('before it has begun, when the attempt was aborted already', async () => {
      const abort = AbortSignal.abort(new LightflowError('LF_LEASE_LOST', 'lost'))
      const result = await bash('sleep 600', {}, { abort })
      assert.deepEqual([result.outcome, result.error?.code], ['aborted', 'LF_LEASE_LOST'])
    })
  })

  it('waits for what still writes after the shell has ended, such as >(…)', async () => {
    const result = await ended('echo a > >(sleep 0.1; cat)')
    assert.equal(result?.stdout, 'a\n')
  })

  it('does not wait for ever for a program that left the group and holds its outputs', async () => {
    const result = await bash('setsid sleep 600 & echo $!')
    assert.equal(result.outcome, 'done')
    const [, , pid] = host.calls[0] as [unknown, unknown, string]
    process.kill(Number(pid), 'SIGKILL')
  }).timeout(30_000)

  it('takes lines of any length in bounded pieces', async () => {
    const lengths: number[] = []
    await bash("head -c 3000000 /dev/zero | tr '\\0' x", {
      callbackStdout: ({ line }) => void lengths.push(line.length),
    })
    assert.deepEqual(lengths, [1_048_576, 1_048_576, 902_848])
  })

  it('uses a folder of its own in the scratch folder, also when two run in one', async () => {
    await Promise.all([bash('true', { stdin: 'a' }), bash('true', { stdin: 'b' })])
    assert.equal((await readdir(scratch)).length, 2)
  })
})

function byText(a: unknown, b: unknown): number {
  return String(a).localeCompare(String(b), 'en')
}

function idOf(user: string): number {
  return Number(spawnSync('id', ['-u', user]).stdout.toString())
}

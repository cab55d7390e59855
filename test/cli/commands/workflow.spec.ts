import assert from 'node:assert/strict'
import { type FakeClient, fakeClient } from '../support/fake-client.ts'
import { runCommand } from '../support/run-command.ts'
import { FAILED, MESH, RUNNING, SUCCEEDED } from '../support/sample-views.ts'

const json = (stdout: string) => JSON.parse(stdout)
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

describe('lf workflow start', () => {
  it('prints the run id alone and passes options as typed', async () => {
    const { stdout, stderr, exitCode, client } = await runCommand('workflow:start', [
      'simple',
      'folder=/data/a=b',
      'title=',
      '--priority=-3',
      '--keep-data',
      '--queue',
      'fast',
    ])
    assert.equal(stdout, 'simple-2bqd9xh\n')
    assert.equal(stderr, '')
    assert.equal(exitCode, 0)
    const args = { folder: '/data/a=b', title: '' }
    assert.deepEqual(client.calls, [['start', 'simple', { args, queue: 'fast', priority: -3, keepData: true }]])
    assert.equal(client.closed, true)
  })

  it('says on stderr that it waits for the first peer', async () => {
    const started = { run: 'simple-2bqd9xh', workflow: 'simple', peers: 0, unservedQueues: ['task'] }
    const { stdout, stderr } = await runCommand(
      'workflow:start',
      ['simple'],
      fakeClient({ start: async () => started }),
    )
    assert.equal(stdout, 'simple-2bqd9xh\n')
    assert.match(stderr, /No peer is alive.*\nStart one with: lf node\n$/)
  })

  it('names queues that nobody serves', async () => {
    const started = { run: 'simple-2bqd9xh', workflow: 'simple', peers: 1, unservedQueues: ['gpu', 'bash'] }
    const { stderr } = await runCommand('workflow:start', ['simple'], fakeClient({ start: async () => started }))
    assert.match(stderr, /No peer serves the queues gpu, bash.*\n.*lf node --queues gpu,bash/)
  })

  for (const [words, sentence] of [
    [['simple', 'limit'], /"limit" has no value/],
    [['simple', '=3'], /"=3" is no option/],
    [['simple', 'a=1', 'a=2'], /The option a is given twice/],
    [['simple', '--limit=3'], /There is no flag --limit=3/],
    [[], /WORKFLOW is missing/],
  ] as [string[], RegExp][]) {
    it(`refuses "${words.join(' ')}" with exit code 2 and starts nothing`, async () => {
      const { exitCode, stderr, stdout, client } = await runCommand('workflow:start', words)
      assert.equal(exitCode, 2)
      assert.match(stderr, sentence)
      assert.equal(stdout, '')
      assert.deepEqual(client.calls, [])
    })
  }

  it('waits for the end and sums up on stderr', async () => {
    const { stdout, stderr, exitCode } = await runCommand('workflow:start', ['simple', '--wait'])
    assert.equal(stdout, 'simple-2bqd9xh\n')
    assert.match(stderr, /^2\/6 tasks, 1 running\n6\/6 tasks\n {2}. succeeded in 10 s\n/)
    assert.equal(exitCode, 0)
  })

  it('exits with 1 when the run that it waited for failed', async () => {
    const client = fakeClient({ wait: async () => FAILED })
    const { stdout, exitCode } = await runCommand('workflow:start', ['simple', '--wait', '--json'], client)
    assert.equal(exitCode, 1)
    const { state, durationMs } = json(stdout)
    assert.deepEqual({ state, durationMs }, { state: 'failed', durationMs: 60_000 })
  })
})

describe('lf workflow', () => {
  it('answers --json with the views, unchanged', async () => {
    const cases: [string, string[], unknown][] = [
      ['workflow:status', [], { runs: [RUNNING, SUCCEEDED, FAILED] }],
      ['workflow:status', [SUCCEEDED.run], SUCCEEDED],
      ['workflow:show', [RUNNING.run], RUNNING],
      ['workflow:list', [], await fakeClient().workflows()],
      ['mesh:status', [], MESH],
      ['workflow:stop', [RUNNING.run, RUNNING.run], { runs: [{ run: RUNNING.run, stopped: true, state: 'running' }] }],
    ]
    for (const [id, argv, view] of cases) {
      const { stdout, exitCode } = await runCommand(id, [...argv, '--json'])
      assert.deepEqual(json(stdout), plain(view), id)
      assert.equal(exitCode, 0)
    }
  })

  it('gives results as a list, and one task by name as one result', async () => {
    const all = json((await runCommand('workflow:result', [SUCCEEDED.run, '--json'])).stdout)
    const one = json((await runCommand('workflow:result', [SUCCEEDED.run, 'collect', '--json'])).stdout)
    assert.deepEqual(all, { results: [one] })
    assert.deepEqual(one.data, {
      phase: 'Pn3m',
      lattice: 98.4,
      q: [0.5, 1],
      when: '1970-01-01T00:00:00.000Z',
      many: '12',
      none: null,
    })
  })

  it('shows what is in the store of a run, and says why nothing is there', async () => {
    const value = { number: 50, at: new Date(0) }
    const stored: FakeClient['stored'] = async (run, path) => ({ run, path, value, isDropped: false })
    const human = await runCommand('workflow:store', [SUCCEEDED.run, 'scan'], fakeClient({ stored }))
    const machine = await runCommand('workflow:store', [SUCCEEDED.run, 'scan', '--json'], fakeClient({ stored }))
    assert.equal(human.stdout, '{ number: 50, at: 1970-01-01T00:00:00.000Z }\n')
    assert.deepEqual(json(machine.stdout).value, { number: 50, at: '1970-01-01T00:00:00.000Z' })
    const gone = await runCommand('workflow:store', [SUCCEEDED.run, 'scan'])
    assert.deepEqual([gone.stdout, gone.exitCode], ['', 0])
    assert.match(gone.stderr, /Nothing is in the store at scan\..*--keep-data/)
  })

  it('tells errors of the library with their hint, or as JSON', async () => {
    const human = await runCommand('workflow:show', ['nope'])
    assert.equal(human.exitCode, 1)
    assert.equal(
      human.stderr,
      'Error: There is no run called "nope".\nWhat to do: Did you mean simple-2bqd9xh?\nLF_UNKNOWN_RUN\n',
    )
    assert.equal(human.client.closed, true)
    const machine = await runCommand('workflow:show', ['nope', '--json'])
    assert.equal(machine.exitCode, 1)
    assert.equal(machine.stderr, '')
    assert.deepEqual(json(machine.stdout), {
      error: {
        code: 'LF_UNKNOWN_RUN',
        message: 'There is no run called "nope".',
        hint: 'Did you mean simple-2bqd9xh?',
      },
    })
  })

  it('tells parse errors in the same two forms, with exit code 2', async () => {
    for (const [argv, message] of [
      [['--loud'], 'There is no flag --loud.'],
      [['--limit', 'many'], '--limit: expected an integer but received: many.'],
      [['a', 'b'], 'Unexpected argument: b.'],
    ] as [string[], string][]) {
      const { stdout, exitCode } = await runCommand('workflow:status', [...argv, '--json'])
      assert.equal(exitCode, 2)
      assert.deepEqual(json(stdout), {
        error: { code: 'LF_USAGE', message, hint: 'Run `lf workflow status --help` to see what it takes.' },
      })
    }
  })

  it('calls what nobody foresaw by that name', async () => {
    const client = fakeClient({ runs: () => Promise.reject(new TypeError('x is not a function')) })
    const { stdout, exitCode } = await runCommand('workflow:status', ['--json'], client)
    assert.equal(exitCode, 1)
    assert.equal(json(stdout).error.code, 'LF_UNEXPECTED')
  })

  it('stops no run when one of them does not exist', async () => {
    const { exitCode, client } = await runCommand('workflow:stop', [RUNNING.run, 'nope'])
    assert.equal(exitCode, 1)
    assert.ok(!client.calls.some(([call]) => call === 'stop'))
  })

  it('prints logs with the task in front, bare for one task, as JSON lines for machines', async () => {
    assert.equal(
      (await runCommand('workflow:logs', ['r'])).stdout.replaceAll('│', '|'),
      'main:1/read | reading 64 profiles\nmain:1/read #2 | slow disk\n',
    )
    assert.equal((await runCommand('workflow:logs', ['r', 'read'])).stdout, 'reading 64 profiles\nslow disk\n')
    const lines = (await runCommand('workflow:logs', ['r', '--json'])).stdout.trim().split('\n')
    assert.deepEqual(
      lines.map(line => json(line).epoch),
      [1, 2],
    )
  })

  it('says on stderr when nothing was written, unless it was so elsewhere', async () => {
    const silent = { logs: () => (async function* () {})() }
    const { stdout, stderr } = await runCommand(
      'workflow:logs',
      ['r', 'read'],
      fakeClient({ ...silent, logsElsewhere: async () => [] }),
    )
    assert.deepEqual([stdout, stderr], ['', 'Nothing was written so far.\n'])
    const elsewhere = fakeClient({ ...silent, logsElsewhere: async () => ['beta.example'] })
    assert.doesNotMatch((await runCommand('workflow:logs', ['r'], elsewhere)).stderr, /Nothing/)
  })

  it('watches a run until it has ended', async () => {
    let asked = 0
    const show = async () => ({ ...RUNNING, state: asked++ === 0 ? ('running' as const) : ('succeeded' as const) })
    const { stdout, exitCode } = await runCommand('workflow:show', [RUNNING.run, '--watch'], fakeClient({ show }))
    assert.equal(exitCode, 0)
    assert.equal(asked, 2)
    assert.match(stdout, /running[^]*succeeded/)
  })
})

describe('lf workflow stop, of runs that are not named by their ids', () => {
  it('takes the name of a workflow for its running runs, and nothing for all that run, with --yes', async () => {
    for (const words of [[RUNNING.workflow], []]) {
      const { exitCode, stdout, client } = await runCommand('workflow:stop', [...words, '--yes'])
      assert.equal(exitCode, 0)
      assert.equal(stdout, `${RUNNING.run} is stopping\n`)
      assert.deepEqual(client.calls.at(-1), ['stop', RUNNING.run])
    }
  })

  it('stops nothing when nobody can be asked', async () => {
    for (const words of [[RUNNING.workflow], []]) {
      const { exitCode, stderr, client } = await runCommand('workflow:stop', words)
      assert.equal(exitCode, 2)
      assert.match(stderr, /must be confirmed[^]*--yes/)
      assert.ok(!client.calls.some(([call]) => call === 'stop'))
    }
  })

  it('says so when no run of a workflow is running', async () => {
    const { exitCode, stderr } = await runCommand('workflow:stop', [SUCCEEDED.workflow, '--yes'])
    assert.equal(exitCode, 2)
    assert.match(stderr, new RegExp(`No run of ${SUCCEEDED.workflow} is running`))
  })

  it('stops all of more runs than it looks up at once', async () => {
    const going = new Set(Array.from({ length: 2500 }, (_, index) => `phasid-${index}`))
    const client = fakeClient({
      async runs(limit, _states, { unstopped = false } = {}) {
        return unstopped ? [...going].slice(0, limit).map(run => ({ ...RUNNING, run })) : [RUNNING]
      },
      async stop(run) {
        return { run, stopped: going.delete(run), state: 'running' }
      },
    })
    for (const words of [['--yes'], [RUNNING.workflow, '--yes']]) {
      const before = [...going]
      const { exitCode, stdout } = await runCommand('workflow:stop', words, client)
      assert.deepEqual([exitCode, stdout.trim().split('\n').length, going.size], [0, 2500, 0])
      for (const run of before) going.add(run)
    }
  })

  it('says so when all that run are being stopped already', async () => {
    const runs: FakeClient['runs'] = async (_limit, _states, { unstopped = false } = {}) => (unstopped ? [] : [RUNNING])
    const { exitCode, stderr } = await runCommand('workflow:stop', [], fakeClient({ runs }))
    assert.deepEqual([exitCode, stderr], [0, 'What is running is being stopped already.\n'])
  })

  it('says so when no run is running', async () => {
    const { exitCode, stderr, stdout } = await runCommand('workflow:stop', [], fakeClient({ runs: async () => [] }))
    assert.deepEqual([exitCode, stderr, stdout], [0, 'No run is running.\n', ''])
  })
})

describe('lf workflow retry', () => {
  it('prints the id of the new run alone, and on stderr what it takes over and what runs', async () => {
    const { exitCode, stdout, stderr, client } = await runCommand('workflow:retry', [FAILED.run])
    assert.deepEqual([exitCode, stdout], [0, 'simple-9again9\n'])
    assert.equal(stderr, `3 tasks are taken over from ${FAILED.run}; 2 run: main:1/fit, main:1/collect.\n`)
    assert.deepEqual(client.calls, [['retry', FAILED.run, {}]])
  })

  it('says which exclusive tasks would run twice, and runs them with --yes', async () => {
    const facts = { code: 'LF_RETRY_EXCLUSIVE', hint: 'To run it again: lf workflow retry r --yes' }
    const message = 'main:1/move was begun in the run r and is exclusive: it must not run twice by itself.'
    const asked: unknown[] = []
    const client = fakeClient({
      async retry(run, options = {}) {
        asked.push(options)
        if (options.exclusiveAgain !== true) throw Object.assign(new Error(message), facts)
        return fakeClient().retry(run, options)
      },
    })
    const refused = await runCommand('workflow:retry', [FAILED.run], client)
    assert.deepEqual([refused.exitCode, refused.stdout], [1, ''])
    assert.match(refused.stderr, /main:1\/move was begun[^]*--yes/)
    const { exitCode } = await runCommand('workflow:retry', [FAILED.run, '--yes', '--again'], client)
    assert.deepEqual([exitCode, asked], [0, [{}, { again: true, exclusiveAgain: true }]])
  })

  it('says what is made again because it is not kept any more', async () => {
    const retry: FakeClient['retry'] = async (run, options) => {
      return { ...(await fakeClient().retry(run, options)), remade: ['main:1/measure'] }
    }
    const { stderr } = await runCommand('workflow:retry', [FAILED.run], fakeClient({ retry }))
    assert.match(stderr, /What main:1\/measure returned is not kept any more: it runs again when it is needed\./)
  })

  it('takes corrected code, and waits when asked', async () => {
    const words = [FAILED.run, '--with', './fit.ts', '--wait', '--json']
    const { stdout, client } = await runCommand('workflow:retry', words)
    assert.deepEqual(client.calls, [['retry', FAILED.run, { workflow: './fit.ts' }]])
    const { run, retryOf, reused, again, state } = json(stdout)
    assert.deepEqual([run, retryOf, reused, again.length, state], ['simple-9again9', FAILED.run, 3, 2, 'succeeded'])
  })
})

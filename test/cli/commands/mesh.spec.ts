import assert from 'node:assert/strict'
import type { MonitorBatch } from '../../../src/index.ts'
import { fakeClient } from '../support/fake-client.ts'
import { runCommand } from '../support/run-command.ts'
import { DRAINING, EVENTS, EVICTED, FROZEN, LEFT, MESH } from '../support/sample-views.ts'

describe('lf mesh drain', () => {
  it('asks and says so, with what no other peer serves', async () => {
    const { stdout, stderr, exitCode, client } = await runCommand('mesh:drain', ['beta'])
    assert.deepEqual(client.calls, [['drain', 'beta']])
    assert.equal(stdout, 'beta was asked to drain\n')
    assert.match(stderr, /No other peer serves queue bash/)
    assert.equal(exitCode, 0)
  })

  it('waits until the peer has left, telling on stderr what still runs', async () => {
    const { stdout, stderr, exitCode } = await runCommand('mesh:drain', ['beta', '--wait'])
    assert.equal(stdout, 'beta has left\n')
    assert.match(stderr, /beta drains: 2 tasks still run/)
    assert.equal(exitCode, 0)
  })

  it('exits with 1 when the peer was declared dead before it had finished', async () => {
    const dead = { ...LEFT, state: 'dead' as const, deathProof: 'silence' }
    const client = fakeClient({ waitUntilLeft: async () => dead })
    const { stdout, exitCode } = await runCommand('mesh:drain', ['beta', '--wait', '--json'], client)
    assert.deepEqual(JSON.parse(stdout), dead)
    assert.equal(exitCode, 1)
  })

  it('says that a frozen peer does not hear, and how to evict it', async () => {
    const { stderr } = await runCommand('mesh:drain', ['beta'], fakeClient({ drain: async () => FROZEN }))
    assert.match(stderr, /no beat for 12 s: frozen, or cut off/)
    assert.match(stderr, /lf mesh evict beta/)
  })

  it('answers --json with the view', async () => {
    const { stdout, exitCode } = await runCommand('mesh:drain', ['beta', '--json'])
    assert.deepEqual(JSON.parse(stdout), DRAINING)
    assert.equal(exitCode, 0)
  })
})

describe('lf mesh evict', () => {
  it('does nothing without --yes where nobody can be asked', async () => {
    const { stderr, exitCode, client } = await runCommand('mesh:evict', ['beta'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /--yes/)
    assert.deepEqual(client.calls, [['peer', 'beta']])
  })

  it('evicts the session that it found, and tells what became of its tasks and how to decide about the lost', async () => {
    const { stdout, exitCode, client } = await runCommand('mesh:evict', ['beta', '--yes'])
    assert.deepEqual(client.calls.at(-1), ['evict', 'session-beta'])
    assert.match(stdout, /beta is evicted: it held 3 tasks/)
    assert.match(stdout, /lost: scan-9q2b7tm\/main:1\/move\n +lf workflow resolve scan-9q2b7tm main:1\/move/)
    assert.equal(exitCode, 0)
  })

  it('answers --json with the view', async () => {
    const { stdout } = await runCommand('mesh:evict', ['beta', '--yes', '--json'])
    assert.deepEqual(JSON.parse(stdout), EVICTED)
  })
})

describe('lf monitor', () => {
  const lines = (text: string): string[] => text.split('\n').filter(line => line !== '')

  it('prints a line an event, and where the mesh stands on stderr', async () => {
    const { stdout, stderr } = await runCommand('monitor', [])
    assert.equal(lines(stdout).length, EVENTS.length)
    assert.match(stderr, /Watching: 3 peers alive, 1 run under way/)
  })

  it('prints one JSON object a line', async () => {
    const { stdout } = await runCommand('monitor', ['--json'])
    assert.deepEqual(
      lines(stdout).map(line => JSON.parse(line) as unknown),
      EVENTS,
    )
  })

  it('filters by peer, queue and run, and by what went wrong', async () => {
    const kinds = async (...args: string[]) =>
      lines((await runCommand('monitor', ['--json', ...args])).stdout).map(line => JSON.parse(line).event as string)
    assert.deepEqual(await kinds('--peer', 'gamma'), ['peer-silent', 'peer-back'])
    assert.ok((await kinds('--queue', 'task')).every(kind => kind.startsWith('task-')))
    assert.deepEqual(await kinds('--queue', 'gpu'), [])
    assert.ok((await kinds('--run', 'phasid-7kf3q2d')).every(kind => !kind.startsWith('peer-')))
    const bad = { ...EVENTS[0]!, bad: true as const }
    const client = fakeClient({ monitor: () => batches([{ ...BATCH, events: [bad, ...EVENTS] }]) })
    const { stdout } = await runCommand('monitor', ['--json', '--errors'], client)
    assert.equal(lines(stdout).length, 1)
  })

  it('says once that the ledger does not answer, and when it does again', async () => {
    const failing = { code: 'LF_LEDGER_UNAVAILABLE', message: 'The ledger does not answer.' }
    const client = fakeClient({
      monitor: () => batches([BATCH, { ...BATCH, failing }, { ...BATCH, failing }, BATCH]),
    })
    const { stderr } = await runCommand('monitor', [], client)
    assert.equal(stderr.match(/nothing is missed/g)?.length, 1)
    assert.match(stderr, /answers again/)
  })

  it('does not wait for a run that has ended', async () => {
    const { stderr, exitCode, client } = await runCommand('monitor', ['--run', 'simple-2bqd9xh'])
    assert.match(stderr, /had ended before: succeeded/)
    assert.equal(exitCode, 0)
    assert.ok(!client.calls.some(([name]) => name === 'monitor'))
  })

  it('refuses a time that is none', async () => {
    const { stderr, exitCode } = await runCommand('monitor', ['--since', 'yesterday'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /10m/)
  })

  const BATCH: MonitorBatch = { events: [], livePeers: 1, runningRuns: 0, failing: null }

  async function* batches(list: MonitorBatch[]): AsyncIterable<MonitorBatch> {
    yield* list
  }
})

describe('lf mesh status', () => {
  it('answers --json with the view', async () => {
    const { stdout } = await runCommand('mesh:status', ['--json'])
    assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(MESH)))
  })

  it('with --watch, writes snapshots under their times where there is no terminal, and keeps the last one while the ledger is silent', async () => {
    let calls = 0
    const client = fakeClient({
      meshStatus: async () => {
        calls += 1
        if (calls === 2) {
          setTimeout(() => process.kill(process.pid, 'SIGINT'), 50)
          throw Object.assign(new Error('The ledger does not answer.'), { code: 'LF_LEDGER_UNAVAILABLE' })
        }
        return MESH
      },
    })
    const { stdout, exitCode } = await runCommand('mesh:status', ['--watch'], client)
    assert.equal(exitCode, 130)
    assert.equal(stdout.match(/^--- \d\d:\d\d:\d\d$/gm)?.length, 2)
    assert.match(stdout, /No answer from the ledger for \d+ s: The ledger does not answer\./)
    assert.equal(stdout.match(/^  3 peers/gm)?.length, 2)
  })
})

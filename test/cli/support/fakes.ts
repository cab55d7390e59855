/** Preloaded into a spawned `lf` (`node --import`): puts a fake client and a fake peer behind the door. */
import { setImmediate } from 'node:timers/promises'
import { door } from '../../../cli/connect.ts'
import type { LogLine, PeerHandle } from '../../../src/index.ts'
import { fakeClient } from './fake-client.ts'
import { SUCCEEDED } from './sample-views.ts'

const RUNNING_ON = {
  ...SUCCEEDED,
  state: 'running' as const,
  endedAt: null,
  durationMs: null,
  tasks: { done: 2, claimed: 4 },
}

const scenario = process.env['LF_TEST_SCENARIO']

door.openClient = async () => fakeClient(scenario === 'endless' ? { wait: waitForSignal, logs: endlessLogs } : {})

door.startPeer = async options => {
  if (scenario === 'slow-start') await new Promise(resolve => setTimeout(resolve, 60_000))
  if (scenario === 'broken-start') {
    throw Object.assign(new Error('Another peer called alpha lives here.'), {
      code: 'LF_NAME_TAKEN',
      hint: 'Use --name.',
    })
  }
  const left = Promise.withResolvers<void>()
  const alive = setInterval(() => {}, 1000)
  const leave = async (): Promise<void> => {
    clearInterval(alive)
    left.resolve()
  }
  options.log?.info('peer started', { queues: options.queues, capacity: options.capacity, labels: options.labels })
  if (scenario === 'gives-up')
    void setImmediate().then(() => left.reject(Object.assign(new Error('The ledger is gone.'), { code: 'LF_LEDGER' })))
  const peer: PeerHandle = {
    name: options.name ?? 'alpha',
    peer: '12D3KooWalpha',
    session: 'session-alpha',
    ledger: 'sqlite:/tmp/ledger.db',
    addrs: () => ['/ip4/127.0.0.1/tcp/4117', '/ip4/10.0.0.7/tcp/4117', '/ip6/::1/tcp/4117'],
    attempts: () => 2,
    stuckThreads: () => 0,
    drain: () => (scenario === 'stuck' ? new Promise(() => {}) : leave()),
    stop: leave,
    closed: left.promise,
    drainAsked: new Promise(() => {}),
  }
  return peer
}

async function* endlessLogs(): AsyncIterable<LogLine> {
  for (;;) {
    await setImmediate()
    yield { dag: 'main:1', task: 'read', epoch: 1, stream: 'stdout', line: 'still reading' }
  }
}

async function waitForSignal(
  _run: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (run: typeof RUNNING_ON) => void } = {},
): Promise<typeof RUNNING_ON> {
  onProgress?.(RUNNING_ON)
  const alive = setInterval(() => {}, 1000)
  await new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve(), { once: true }))
  clearInterval(alive)
  return RUNNING_ON
}

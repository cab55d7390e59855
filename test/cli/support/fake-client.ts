/** A client that answers from sample views and remembers what it was asked. */
import type { Client, LogLine, ResultView, RunView, StartOptions, StartView } from '../../../src/index.ts'
import { DRAINING, EVENTS, EVICTED, FAILED, FEW_COPIES, HELD, LEFT, MESH, RUNNING, SUCCEEDED } from './sample-views.ts'

export interface FakeClient extends Client {
  calls: unknown[][]
  closed: boolean
}

const KNOWN: RunView[] = [RUNNING, SUCCEEDED, FAILED]

const STARTED: StartView = { run: SUCCEEDED.run, workflow: 'simple', peers: 2, unservedQueues: [] }

const LINES: LogLine[] = [
  { dag: 'main:1', task: 'read', epoch: 1, stream: 'stdout', line: 'reading 64 profiles' },
  { dag: 'main:1', task: 'read', epoch: 2, stream: 'stderr', line: '\u001b[31mslow disk\u001b[0m' },
]

export const RESULTS: ResultView[] = [
  {
    dag: 'main:1',
    task: 'collect',
    state: 'done',
    data: {
      phase: 'Pn3m',
      lattice: 98.4,
      q: Float64Array.from([0.5, 1]),
      when: new Date(0),
      many: 12n,
      none: Number.NaN,
    },
  },
]

/** Thrown like the library's errors, which are told apart by their code. */
function unknownRun(run: string): Error {
  return Object.assign(new Error(`There is no run called "${run}".`), {
    code: 'LF_UNKNOWN_RUN',
    hint: 'Did you mean simple-2bqd9xh?',
  })
}

/** `changes` replace single answers. */
export function fakeClient(changes: Partial<Client> = {}): FakeClient {
  const find = (id: string): RunView => {
    const found = KNOWN.find(({ run }) => run === id)
    if (found === undefined) throw unknownRun(id)
    return found
  }
  const calls: unknown[][] = []
  const fake: FakeClient = {
    calls,
    closed: false,
    async workflows() {
      const options = [
        { name: 'folder', type: 'text', help: 'Where the profiles are.', required: true, default: null },
        { name: 'limit', type: 'number', help: 'Take at most so many.', required: false, default: 64 },
      ]
      return {
        workflows: [
          { name: 'phasid', description: 'Finds the phase of each SAXS profile.', file: '/w/phasid.ts', options },
        ],
        broken: [
          {
            file: '/w/typo.ts',
            error: { code: 'LF_WORKFLOW', message: 'Line 3: unexpected token.', hint: 'Mend it.' },
          },
        ],
      }
    },
    async start(nameOrFile: string, options: StartOptions = {}) {
      calls.push(['start', nameOrFile, options])
      return STARTED
    },
    async retry(run, options) {
      calls.push(['retry', run, options])
      find(run)
      const again = ['main:1/fit', 'main:1/collect']
      return { ...STARTED, run: 'simple-9again9', retryOf: run, reused: 3, again, remade: [] }
    },
    async runs(limit, states, { workflow } = {}) {
      calls.push(['runs', limit, ...(states === undefined ? [] : [states])])
      const known = KNOWN.filter(run => workflow === undefined || run.workflow === workflow)
      return known.filter(({ state }) => states?.includes(state) ?? true)
    },
    async run(run) {
      return find(run)
    },
    async show(run) {
      return { ...FEW_COPIES, ...find(run) }
    },
    async results(run, task) {
      calls.push(['results', run, task])
      return RESULTS
    },
    async stored(run, path) {
      calls.push(['stored', run, path])
      find(run)
      return { run, path, isDropped: true }
    },
    async stop(run) {
      calls.push(['stop', run])
      const { state } = find(run)
      return { run, stopped: state === 'running', state }
    },
    async resolve(run, task, decision) {
      calls.push(['resolve', run, task, decision])
      find(run)
      return { run, task: `main:1/${task}`, decision, state: decision === 'run-again' ? 'ready' : 'failed' }
    },
    async peers() {
      return MESH.peers
    },
    async *events() {
      yield* EVENTS
    },
    async peer(peer) {
      calls.push(['peer', peer])
      return HELD
    },
    async drain(peer) {
      calls.push(['drain', peer])
      return DRAINING
    },
    async waitUntilLeft(session, { onProgress } = {}) {
      calls.push(['waitUntilLeft', session])
      onProgress?.({ ...DRAINING, heard: true })
      onProgress?.(LEFT)
      return LEFT
    },
    async evict(peer) {
      calls.push(['evict', peer])
      return EVICTED
    },
    async meshStatus() {
      return MESH
    },
    async wait(_run, { onProgress } = {}) {
      onProgress?.({
        ...SUCCEEDED,
        state: 'running',
        endedAt: null,
        durationMs: null,
        tasks: { done: 2, claimed: 1, blocked: 3 },
      })
      onProgress?.(SUCCEEDED)
      return SUCCEEDED
    },
    async *logs() {
      yield* LINES
    },
    async logsElsewhere() {
      return []
    },
    async *monitor({ run }) {
      calls.push(['monitor', run])
      yield { events: EVENTS, livePeers: 3, runningRuns: 1, failing: null }
    },
    async close() {
      fake.closed = true
    },
    ...changes,
  }
  return fake
}

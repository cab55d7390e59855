/** A beamtime evening: three live peers and a dead one, 64 profiles in work, one of them without peaks. */
import type {
  DagView,
  DrainView,
  EvictView,
  MeshEventView,
  MeshStatusView,
  PeerView,
  PeerWorkView,
  RunDetailsView,
  RunView,
  TaskView,
} from '../../../src/index.ts'

export const NOW = Date.parse('2026-03-14T20:15:00.000Z')

const ago = (ms: number): string => new Date(NOW - ms).toISOString()

const NO_PEAKS = {
  code: 'LF_TASK_FAILED',
  message: 'The profile saxs_0017.dat has no peak that stands out of the noise.',
  hint: 'Look at the profile; lower min_prominence when there is one.',
}

function task(name: string, given: Partial<TaskView> = {}): TaskView {
  return {
    task: name,
    state: 'done',
    queue: 'task',
    peer: 'alpha',
    attempts: 1,
    epoch: 1,
    startedAt: ago(60_000),
    endedAt: ago(59_000),
    durationMs: 340,
    after: [],
    history: [],
    ...given,
  }
}

const WAITING = { peer: null, attempts: 0, epoch: 0, startedAt: null, endedAt: null, durationMs: null } as const

function profileCopy(number: number): DagView {
  const done = number <= 41
  const failed = number === 17
  const running = number > 41 && number <= 45
  const peer = ['alpha', 'beta', 'gamma'][number % 3]!
  const dead = number === 12
  const ends = {
    done: { state: 'done', peer },
    running: { state: 'claimed', peer, startedAt: ago(2_400), endedAt: null, durationMs: null },
  } as const
  const later = failed ? { ...WAITING, state: 'cancelled' as const } : { ...WAITING, state: 'blocked' as const }
  const last = done && !failed ? ends.done : later
  return {
    dag: `identify:${number}`,
    blueprint: 'identify',
    state: failed ? 'failed' : done ? 'succeeded' : 'running',
    startedBy: 'phasid-7kf3q2d/screen:1/start-all',
    tasks: [
      task('read', done || running ? { ...ends.done, durationMs: 12 + number } : { ...WAITING, state: 'ready' }),
      task('smooth', {
        after: ['read'],
        ...(running ? ends.running : done ? { ...ends.done, durationMs: 90 } : { ...WAITING, state: 'blocked' }),
      }),
      task('background', {
        after: ['read'],
        ...(done || running ? { ...ends.done, durationMs: 210 } : { ...WAITING, state: 'blocked' }),
      }),
      task('peaks', {
        after: ['smooth', 'background'],
        ...(failed
          ? {
              state: 'failed',
              peer,
              attempts: 2,
              epoch: 2,
              error: NO_PEAKS,
              durationMs: 1_240,
              history: [
                { epoch: 1, peer: 'beta', claimedAt: ago(9_000), endedAt: ago(8_000), end: 'failed' as const },
                { epoch: 2, peer, claimedAt: ago(7_000), endedAt: ago(6_000), end: 'failed' as const },
              ],
            }
          : dead
            ? {
                ...ends.done,
                peer: 'alpha',
                attempts: 2,
                epoch: 2,
                durationMs: 4_100,
                history: [
                  { epoch: 1, peer: 'delta', claimedAt: ago(90_000), endedAt: ago(85_000), end: 'owner-died' as const },
                  { epoch: 2, peer: 'alpha', claimedAt: ago(84_000), endedAt: ago(80_000), end: 'done' as const },
                ],
              }
            : { ...last, ...(done ? { durationMs: 900 + number * 10 } : {}) }),
      }),
      task('lattice', { after: ['peaks'], ...last, ...(done && !failed ? { durationMs: 75 } : {}) }),
    ],
  }
}

const COPIES = Array.from({ length: 64 }, (_, index) => profileCopy(index + 1))

const SCREEN: DagView = {
  dag: 'screen:1',
  blueprint: 'screen',
  state: 'running',
  startedBy: null,
  tasks: [
    task('list-profiles', { durationMs: 34 }),
    task('start-all', { peer: 'beta', after: ['list-profiles'], durationMs: 1_900 }),
    task('collect', { ...WAITING, state: 'blocked', after: ['start-all'] }),
    task('report', { ...WAITING, state: 'blocked', after: ['collect', 'list-profiles'] }),
  ],
}

function countTasks(dags: readonly DagView[]): RunView['tasks'] {
  const counts: RunView['tasks'] = {}
  for (const { tasks } of dags) for (const { state } of tasks) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

export const RUNNING: RunDetailsView = {
  run: 'phasid-7kf3q2d',
  workflow: 'phasid',
  state: 'running',
  tasks: countTasks([SCREEN, ...COPIES]),
  submittedBy: 'control-hutch',
  createdAt: ago(100_000),
  startedAt: ago(98_000),
  endedAt: null,
  durationMs: null,
  args: { folder: '/data/2026/saxs', min_prominence: 0.08, report: true },
  dags: [SCREEN, ...COPIES],
}

/** Three copies only: they are drawn one by one. */
export const FEW_COPIES: RunDetailsView = {
  ...RUNNING,
  dags: [SCREEN, COPIES[11]!, COPIES[16]!, COPIES[42]!],
  tasks: countTasks([SCREEN, COPIES[11]!, COPIES[16]!, COPIES[42]!]),
}

export const SUCCEEDED: RunView = {
  run: 'simple-2bqd9xh',
  workflow: 'simple',
  state: 'succeeded',
  tasks: { done: 5, skipped: 1 },
  submittedBy: 'control-hutch',
  createdAt: ago(7_300_000),
  startedAt: ago(7_200_000),
  endedAt: ago(7_190_000),
  durationMs: 10_400,
  args: {},
}

export const FAILED: RunView = {
  run: 'tomo-9xkd3pw',
  workflow: 'tomo',
  state: 'failed',
  tasks: { done: 3, failed: 1, cancelled: 4 },
  submittedBy: 'alpha',
  createdAt: ago(3 * 86_400_000),
  startedAt: ago(3 * 86_400_000),
  endedAt: ago(3 * 86_400_000 - 60_000),
  durationMs: 60_000,
  args: { scan: 1207 },
  error: NO_PEAKS,
}

/** Submitted while no peer was alive. */
export const WAITING_RUN: RunView = {
  ...SUCCEEDED,
  run: 'simple-4hnk2mv',
  state: 'running',
  tasks: { ready: 1, blocked: 5 },
  createdAt: ago(4_000),
  startedAt: null,
  endedAt: null,
  durationMs: null,
}

function peer(name: string, given: Partial<PeerView> = {}): PeerView {
  return {
    peer: `12D3KooW${name}`,
    session: `session-${name}`,
    name,
    host: `${name}.beamline.example`,
    pid: 4711,
    state: 'alive',
    queues: ['task'],
    resources: {},
    capacity: 4,
    busy: 0,
    connected: ['alpha', 'beta', 'gamma'].filter(other => other !== name),
    notConnected: [],
    lastBeatAt: ago(400),
    silentMs: 0,
    startedAt: ago(600_000),
    version: '0.1.0',
    supervises: [],
    running: [],
    joining: 0,
    ...given,
  }
}

const BETA = {
  peer: '12D3KooWbeta',
  session: 'session-beta',
  name: 'beta',
  host: 'beta.beamline.example',
  pid: 4711,
} as const

export const HELD: PeerWorkView = {
  ...BETA,
  tasks: [
    {
      id: 'phasid-7kf3q2d/identify:43/smooth',
      run: 'phasid-7kf3q2d',
      task: 'identify:43/smooth',
      state: 'claimed',
      effect: 'idempotent',
      peer: 'beta',
    },
    {
      id: 'scan-9q2b7tm/main:1/move',
      run: 'scan-9q2b7tm',
      task: 'main:1/move',
      state: 'claimed',
      effect: 'exclusive',
      peer: 'beta',
    },
  ],
}

export const DRAINING: DrainView = {
  ...BETA,
  state: 'draining',
  heard: false,
  askedBy: 'ann@hutch',
  running: HELD.tasks.map(({ id }) => id),
  silentMs: 0,
  unservedQueues: ['bash'],
}

export const FROZEN: DrainView = { ...DRAINING, silentMs: 12_400 }

export const LEFT: DrainView = { ...DRAINING, state: 'left', heard: true, running: [], deathProof: 'left' }

export const EVICTED: EvictView = {
  ...BETA,
  evictedBy: 'ann@hutch',
  tasks: [
    { ...HELD.tasks[0]!, state: 'ready', notBefore: ago(-9_600) },
    { ...HELD.tasks[1]!, state: 'lost' },
    { ...HELD.tasks[0]!, id: 'phasid-7kf3q2d/identify:44/smooth', task: 'identify:44/smooth', peer: 'gamma' },
  ],
}

const OF_TASK = { run: 'phasid-7kf3q2d', dag: 'identify:43', task: 'smooth', queue: 'task' } as const
const BY_BETA = { peer: 'beta', session: 'session-beta', epoch: 1 } as const

/** One of each kind. */
export const EVENTS: MeshEventView[] = [
  { at: ago(90_000), event: 'peer-joined', peer: 'beta', session: 'session-beta', host: 'beta.beamline.example' },
  { at: ago(80_000), event: 'run-submitted', run: 'phasid-7kf3q2d', workflow: 'phasid', by: 'ann@hutch' },
  { at: ago(79_900), event: 'task-queued', ...OF_TASK },
  { at: ago(79_800), event: 'run-started', run: 'phasid-7kf3q2d', workflow: 'phasid' },
  { at: ago(79_800), event: 'task-started', ...OF_TASK, ...BY_BETA },
  { at: ago(79_000), event: 'task-succeeded', ...OF_TASK, ...BY_BETA, durationMs: 800 },
  { at: ago(78_000), event: 'task-skipped', ...OF_TASK, task: 'never' },
  { at: ago(77_000), event: 'task-stopped', ...OF_TASK, ...BY_BETA, durationMs: 40 },
  { at: ago(76_000), event: 'task-retried', ...OF_TASK, ...BY_BETA, durationMs: 1240, error: NO_PEAKS },
  { at: ago(75_000), event: 'task-failed', ...OF_TASK, ...BY_BETA, epoch: 2, durationMs: 1240, error: NO_PEAKS },
  { at: ago(74_000), event: 'task-aborted', ...OF_TASK, ...BY_BETA, durationMs: 3 },
  { at: ago(73_000), event: 'task-cancelled', ...OF_TASK, task: 'lattice' },
  { at: ago(72_000), event: 'task-released', ...OF_TASK, ...BY_BETA, durationMs: 5000 },
  { at: ago(60_000), event: 'peer-draining', peer: 'beta', session: 'session-beta', by: 'ann@hutch' },
  { at: ago(50_000), event: 'peer-silent', peer: 'gamma', session: 'session-gamma', durationMs: 5200 },
  { at: ago(40_000), event: 'peer-back', peer: 'gamma', session: 'session-gamma' },
  { at: ago(30_000), event: 'peer-dead', peer: 'delta', session: 'session-delta', proof: 'lock', by: 'session-beta' },
  { at: ago(29_900), event: 'task-taken-over', ...OF_TASK, peer: 'delta', session: 'session-delta', durationMs: 900 },
  { at: ago(29_900), event: 'task-lost', ...OF_TASK, task: 'move', peer: 'delta', session: 'session-delta' },
  { at: ago(29_800), event: 'task-quarantined', ...OF_TASK, task: 'crash', peer: 'delta', session: 'session-delta' },
  { at: ago(20_000), event: 'peer-evicted', peer: 'zeta', session: 'session-zeta', proof: 'evicted', by: 'ann@hutch' },
  { at: ago(15_000), event: 'peer-left', peer: 'beta', session: 'session-beta', proof: 'left' },
  { at: ago(11_000), event: 'run-stopping', run: 'phasid-7kf3q2d', workflow: 'phasid', by: 'bob@hutch' },
  {
    at: ago(10_000),
    event: 'run-ended',
    run: 'phasid-7kf3q2d',
    workflow: 'phasid',
    state: 'stopped',
    durationMs: 69_800,
  },
]

export const MESH: MeshStatusView = {
  ledger: {
    kind: 'sqlite',
    incarnation: '6f1c',
    location: 'sqlite:/data/beamline/lightflow/ledger.db',
    roundTripMs: 1.4,
  },
  peers: [
    peer('alpha', { busy: 2, running: ['phasid-7kf3q2d/identify:42/smooth', 'phasid-7kf3q2d/identify:45/smooth'] }),
    peer('beta', {
      queues: ['task', 'bash'],
      busy: 2,
      capacity: 2,
      connected: ['alpha'],
      notConnected: ['gamma'],
      joining: 1,
      running: ['phasid-7kf3q2d/identify:43/smooth', 'phasid-7kf3q2d/identify:44/smooth', 'phasid-7kf3q2d/main:1/fan'],
    }),
    peer('gamma', {
      state: 'draining',
      drainAskedBy: 'ann@hutch',
      capacity: 8,
      connected: ['alpha'],
      notConnected: ['beta'],
      lastBeatAt: ago(12_300),
      silentMs: 12_300,
      running: ['scan-9q2b7tm/main:1/home'],
      supervises: ['phasid-7kf3q2d/screen:1', 'phasid-7kf3q2d/identify:42'],
    }),
    peer('delta', { state: 'dead', deadAt: ago(85_000), deathProof: 'lock' }),
  ],
  left: [{ name: 'epsilon', host: 'epsilon.beamline.example', at: ago(1_500_000), drainAskedBy: 'ann@hutch' }],
  backlog: { task: 19, gpu: 2 },
  unservedQueues: ['gpu'],
  runs: [RUNNING, WAITING_RUN, SUCCEEDED],
  troubles: [
    {
      kind: 'lost',
      message: 'scan-9q2b7tm/main:1/move is lost: its peer delta died while it ran, and it must not run twice.',
      command: 'lf workflow resolve scan-9q2b7tm main:1/move',
      run: 'scan-9q2b7tm',
      task: 'scan-9q2b7tm/main:1/move',
      since: ago(85_000),
    },
    {
      kind: 'silent',
      message: 'gamma has sent no beat for 12 s: frozen, or cut off from the ledger. It holds 1 task.',
      command: 'lf mesh evict gamma',
      peer: 'gamma',
      since: ago(12_300),
    },
    {
      kind: 'unserved',
      message: '2 ready tasks wait: no peer serves queue gpu.',
      command: 'lf node --queues gpu',
      queue: 'gpu',
    },
    {
      kind: 'missing',
      message: 'delta on delta.beamline.example is missing: its process is gone.',
      command: 'lf node --name delta',
      peer: 'delta',
      since: ago(85_000),
    },
    { kind: 'link', message: 'beta and gamma are not connected.', peer: 'beta', otherPeer: 'gamma' },
  ],
  metrics: {
    claimAttemptsPerWin: 1.08,
    readyToClaimedP50Ms: 4,
    readyToClaimedP99Ms: 38,
    localBytesPerAttempt: 5,
    pulledBytesPerAttempt: 0,
    hints: { published: 1204, received: 3612, refused: 0, dropped: 0, toNobody: 2 },
  },
}

export const EMPTY_MESH: MeshStatusView = {
  ...MESH,
  peers: [],
  backlog: { task: 1 },
  unservedQueues: ['task'],
  runs: [WAITING_RUN],
  left: [],
  troubles: [{ kind: 'no-peer', message: 'No peer is alive: nothing runs.', command: 'lf node' }],
  metrics: {
    claimAttemptsPerWin: null,
    readyToClaimedP50Ms: null,
    readyToClaimedP99Ms: null,
    localBytesPerAttempt: null,
    pulledBytesPerAttempt: null,
    hints: { published: 0, received: 0, refused: 0, dropped: 0, toNobody: 0 },
  },
}

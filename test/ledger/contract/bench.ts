/** A ledger under test with the shorthands that its suites speak in. */
import assert from 'node:assert/strict'
import { taskId } from '../../../protocols/ids.ts'
import { seededRandom, type Random } from '../../../src/core/random.ts'
import type { Claim, PayloadRef, SessionRecord, TaskState } from '../../../src/lease/records.ts'
import type {
  AttemptResult,
  ClaimedTask,
  Completion,
  HandOn,
  Ledger,
  NewRun,
  NewSession,
} from '../../../src/ledger/ledger.ts'
import type { DagPlan, TaskPlan, WorkflowPlan } from '../../../src/workflow/plan.ts'

/** A wall clock that stands still until the test moves it. */
export class HandClock {
  now = 1_700_000_000_000

  wallMs(): number {
    return this.now
  }

  advance(ms: number): void {
    this.now += ms
  }
}

export interface LedgerTools {
  clock: HandClock
  random: Random
}

/** Opens an empty ledger; what it returns is closed after each test. */
export type OpenLedger = (tools: LedgerTools) => Promise<{ ledger: Ledger; cleanUp: () => Promise<void> }>

const MAX_SETTLED = 200

export class Bench {
  readonly ledger: Ledger
  readonly clock: HandClock
  readonly random: Random
  #claims = 0

  constructor(ledger: Ledger, { clock, random }: LedgerTools) {
    this.ledger = ledger
    this.clock = clock
    this.random = random
  }

  session(id: string, overrides: Partial<NewSession> = {}): Promise<SessionRecord> {
    return this.ledger.openSession(newSession(id, overrides))
  }

  submit(run: string, dags: DagPlan[], overrides: Partial<NewRun> = {}) {
    return this.ledger.submit(newRun(run, dags, overrides))
  }

  nextClaimId(): string {
    this.#claims += 1
    return this.#claims.toString(16).padStart(32, '0')
  }

  /** Claims `run/dag/name`, which must be won. */
  async claim(session: string, task: string): Promise<ClaimedTask> {
    const [claimed] = await this.ledger.claim(session, [{ task, claimId: this.nextClaimId() }])
    assert.ok(claimed, `${session} did not win ${task}, which is ${(await this.ledger.task(task))?.state}`)
    return claimed
  }

  /** Claims a task and completes it. */
  async run(session: string, task: string, result: Partial<AttemptResult> = {}, handOn?: HandOn): Promise<Completion> {
    const { claim } = await this.claim(session, task)
    return this.ledger.complete(claim, { ...DONE, ...result }, handOn)
  }

  async isWon(session: string, task: string): Promise<boolean> {
    const won = await this.ledger.claim(session, [{ task, claimId: this.nextClaimId() }])
    return won.length === 1
  }

  async readyIds(...queues: string[]): Promise<string[]> {
    const { tasks } = await this.ledger.peekReady(queues.length === 0 ? ['task'] : queues, 100_000)
    return tasks.map(({ id }) => id)
  }

  async state(task: string): Promise<TaskState | undefined> {
    return (await this.ledger.task(task))?.state
  }

  /** States by task name; of DAG copies that start with the workflow, `name:1`. */
  async states(run: string, dag = 'main:1'): Promise<Record<string, TaskState>> {
    const tasks = await this.ledger.tasks(run, dag)
    return Object.fromEntries(tasks.map(({ name, state }) => [name, state]))
  }

  async runState(run: string) {
    return (await this.ledger.run(run))?.state
  }

  /** What is left to be written of large DAGs is written, as peers do it. */
  async write(): Promise<void> {
    while ((await this.ledger.settle(MAX_SETTLED)) > 0);
  }

  async kill(session: string, proof: 'lock' | 'silence' = 'lock'): Promise<void> {
    const known = (await this.ledger.sessions()).find(({ id }) => id === session)
    assert.ok(known, `there is no living session ${session}`)
    assert.equal(await this.ledger.bury(session, known.beat, proof, 'somebody'), true)
  }
}

const SESSION: Omit<NewSession, 'id' | 'peer' | 'name'> = {
  host: 'host',
  pid: 1,
  kind: 'node',
  ttlMs: 1000,
  addrs: ['/ip4/127.0.0.1/tcp/1'],
  queues: ['task'],
  capacity: 4,
  version: '0.1.0',
  labels: {},
}

export function newSession(id: string, overrides: Partial<NewSession> = {}): NewSession {
  return { ...SESSION, id, peer: `peer-of-${id}`, name: `name-of-${id}`, ...overrides }
}

export const DONE: AttemptResult = { outcome: 'done', out: null, limit: null, skipSuccessors: true, error: null }

export function newRun(id: string, dags: DagPlan[], overrides: Partial<NewRun> = {}): NewRun {
  const given = { id, plan: workflowPlan(dags), bundle: 'hash', args: {}, submittedBy: 'somebody' }
  return { ...given, keepData: true, priority: 0, queue: null, ...overrides }
}

function workflowPlan(dags: DagPlan[]): WorkflowPlan {
  return { name: 'workflow', description: 'A workflow for tests.', dags, options: [] }
}

/** Tasks by name (or as partial plans), edges as pairs `from>to` or triples `from>to:slot`. */
export function dagPlan(
  name: string,
  tasks: (string | (Partial<TaskPlan> & { name: string }))[],
  edges: string[] = [],
  autostart = true,
): DagPlan {
  return {
    name,
    autostart,
    tasks: tasks.map(task => ({ ...TASK, ...(typeof task === 'string' ? { name: task } : task) })),
    edges: edges.map(parseEdge),
  }
}

const TASK = {
  kind: 'function',
  queue: 'task',
  effect: 'idempotent',
  priority: 0,
  retries: 0,
  backoffMs: 0,
  timeoutMs: null,
  forceRun: false,
  propagateSkip: true,
} as const

function parseEdge(text: string): DagPlan['edges'][number] {
  const [ends = '', slot = null] = text.split(':')
  const [from = '', to = ''] = ends.split('>')
  return { from, to, slot }
}

/** Id of a task of the DAG `main` of a run. */
export function id(run: string, name: string): string {
  return taskId(run, 'main:1', name)
}

export function payload(text: string, holders: string[] = []): PayloadRef {
  const inline = new TextEncoder().encode(text)
  return holders.length === 0
    ? { hash: `hash-of-${text}`, sizeBytes: inline.byteLength, inline, holders: [] }
    : { hash: `hash-of-${text}`, sizeBytes: 100_000, inline: null, holders }
}

export function newTools(): LedgerTools {
  return { clock: new HandClock(), random: seededRandom(1) }
}

export function stale(claim: Claim, changes: Partial<Claim>): Claim {
  return { ...claim, ...changes }
}

/** Asserts that `act` is refused with this code. */
export async function refused(act: Promise<unknown>, code: string, message?: RegExp): Promise<void> {
  await assert.rejects(act, (error: { code?: string; message: string; hint?: string }) => {
    assert.equal(error.code, code, error.message)
    if (message !== undefined) assert.match(`${error.message} ${error.hint}`, message)
    return true
  })
}

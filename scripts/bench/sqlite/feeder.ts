/** Keeps enough tasks ready, all of one run: it holds a task of that run and starts one small DAG after the other from it. */
import { setTimeout as delay } from 'node:timers/promises'
import { systemRandom } from '../../../src/core/random.ts'
import type { Claim } from '../../../src/lease/records.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { LOCAL_TIMING } from '../../../src/supervisor/timing.ts'
import type { DagPlan, TaskPlan } from '../../../src/workflow/plan.ts'
import { makeClaimId, taskId } from '../../../protocols/ids.ts'

export const RUN = 'measured'
const SESSION = 'feeder'
/** Added in one transaction: few, so that it is in nobody's way for long. */
const TASKS_PER_COPY = 250
/** Ready at any time: more than all processes look at. */
const BACKLOG = 4000
const FEED_EVERY_MS = 50

const TASK: Omit<TaskPlan, 'name' | 'queue'> = {
  kind: 'function',
  effect: 'idempotent',
  priority: 0,
  retries: 0,
  backoffMs: 0,
  timeoutMs: null,
  forceRun: false,
  propagateSkip: true,
}

export class Feeder {
  readonly #ledger: Ledger
  readonly #claim: Claim
  #copies = 0

  private constructor(ledger: Ledger, claim: Claim) {
    this.#ledger = ledger
    this.#claim = claim
  }

  static async start(ledger: Ledger): Promise<Feeder> {
    await openFeederSession(ledger)
    await ledger.submit({ ...RUN_PLAN, bundle: 'none', args: {}, submittedBy: 'somebody', ...RUN_DEFAULTS })
    const task = taskId(RUN, 'feed:1', 'feed')
    const [held] = await ledger.claim(SESSION, [{ task, claimId: makeClaimId(systemRandom) }])
    if (held === undefined) throw new Error('the feeder did not get its own task')
    const feeder = new Feeder(ledger, held.claim)
    await feeder.#add(BACKLOG)
    return feeder
  }

  async feed(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const { task: ready = 0 } = await this.#ledger.backlog()
      await this.#add(BACKLOG - ready)
      await delay(FEED_EVERY_MS, undefined, { signal: over }).catch(() => {})
    }
  }

  async #add(tasks: number): Promise<void> {
    for (let left = tasks; left > 0; left -= TASKS_PER_COPY) {
      this.#copies += 1
      const starterKey = `copy ${this.#copies}`
      await this.#ledger.startDag({ claim: this.#claim, blueprint: 'work', starterKey, data: null })
    }
  }
}

const RUN_DEFAULTS = { keepData: true, priority: 0, queue: null }

const RUN_PLAN = {
  id: RUN,
  plan: {
    name: 'measured',
    description: '',
    options: [],
    dags: [
      dag('feed', { autostart: true, names: ['feed'], queue: 'feed' }),
      dag('work', { autostart: false, names: taskNames(), queue: 'task' }),
    ],
  },
}

function dag(
  name: string,
  { autostart, names, queue }: { autostart: boolean; names: readonly string[]; queue: string },
): DagPlan {
  return { name, autostart, tasks: names.map(task => ({ ...TASK, name: task, queue })), edges: [] }
}

function taskNames(): string[] {
  return Array.from({ length: TASKS_PER_COPY }, (_, index) => `t${index}`)
}

async function openFeederSession(ledger: Ledger): Promise<void> {
  await ledger.openSession({
    id: SESSION,
    peer: `peer-of-${SESSION}`,
    name: SESSION,
    host: 'here',
    pid: process.pid,
    kind: 'node',
    ttlMs: LOCAL_TIMING.ttlMs,
    addrs: [],
    queues: ['feed'],
    capacity: 1,
    version: '0',
    labels: {},
  })
}

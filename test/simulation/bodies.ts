/** All bodies of tasks that run anywhere, dead processes excepted: who runs what, and whether that may be. */
import type { Claim, TaskRecord } from '../../src/lease/records.ts'
import { taskId } from '../../protocols/ids.ts'
import type { Job } from '../../src/workers/worker-pool.ts'
import type { RecordingTables } from './recording-tables.ts'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

export interface Body {
  task: string
  epoch: number
  process: SimProcess
  capacity: number
  joining: boolean
  /** Nothing but the end of its process ends it. */
  hung: boolean
}

export class Bodies {
  started = 0
  readonly #world: World
  readonly #tables: RecordingTables
  readonly #evicted: ReadonlySet<string>
  readonly #running = new Map<string, Set<Body>>()
  readonly #starts = new Map<string, number>()

  constructor(world: World, tables: RecordingTables, evicted: ReadonlySet<string>) {
    this.#world = world
    this.#tables = tables
    this.#evicted = evicted
  }

  begin(job: Job, process: SimProcess, capacity: number): Body {
    const { runId, dagName, taskName, epoch } = job.context
    const body = { task: taskId(runId, dagName, taskName), epoch, process, capacity, joining: false, hung: false }
    this.started += 1
    this.#checkClaimed(body)
    if (this.isClaimed(body)) this.#checkInputs(body, job)
    this.#checkOnce(body)
    this.#checkAlone(body)
    const bodies = this.#running.get(body.task) ?? new Set()
    bodies.add(body)
    this.#running.set(body.task, bodies)
    this.checkCapacity(body)
    return body
  }

  end(body: Body): void {
    this.#running.get(body.task)?.delete(body)
  }

  /** What this process runs now. */
  of(process: SimProcess): Body[] {
    return [...this.#running.values()].flatMap(bodies => [...bodies].filter(body => body.process === process))
  }

  checkCapacity({ process, capacity }: Body): void {
    const active = this.of(process).filter(({ joining }) => !joining).length
    if (active <= capacity) return
    this.#world.violate('capacity', `${process.name} runs ${active} tasks at once, its capacity is ${capacity}`)
  }

  /** I8: nothing happens in the world before the claim is in the ledger. A pure task may compute: who else could see it is looked at in `asks`. */
  #checkClaimed(body: Body): void {
    const { task, epoch } = body
    if (this.isClaimed(body) || this.#tables.task(task)?.effect === 'pure') return
    this.#world.violate('I8', `${task} epoch ${epoch} starts before its claim is in the ledger`)
  }

  /** It was begun early and never claimed: the epoch that it thinks to have is that of another claim, or of none. */
  #isForNobody(body: Body, laterEpoch: number): boolean {
    const isEarly = this.#tables.task(body.task)?.effect === 'pure'
    return isEarly && (!this.isClaimed(body) || body.epoch >= laterEpoch)
  }

  isClaimed({ task, epoch }: Pick<Body, 'task' | 'epoch'>): boolean {
    return this.#tables.task(task)?.history.some(attempt => attempt.epoch === epoch) === true
  }

  /** A body asks something of the ledger, whether or not that would be refused. */
  asks(what: string, { task, epoch }: Pick<Body, 'task' | 'epoch'>): void {
    if (this.isClaimed({ task, epoch })) return
    this.#world.violate('I8', `${task} epoch ${epoch} asks to ${what} before its claim is in the ledger`)
  }

  /** I7: all predecessors have ended, and what it reads is what one of their attempts wrote: the last one, unless that is being lost. */
  #checkInputs({ task }: Body, job: Job): void {
    const record = this.#tables.task(task)
    if (record === undefined) return
    const given = new Map(job.inputs.map(input => [input.task, Buffer.from(input.bytes).toString()]))
    for (const predecessor of this.#predecessors(record)) {
      const { name, state, remade } = predecessor
      if (!['done', 'stopped', 'skipped'].includes(state) && remade === undefined) {
        this.#world.violate('I7', `${task} starts while its predecessor ${name} is ${state}`)
      }
      if (!wasWrittenBy(predecessor, given.get(name)))
        this.#world.violate('I7', `${task} does not read what ${name} wrote`)
    }
  }

  #predecessors({ run, dag, name }: TaskRecord): TaskRecord[] {
    const blueprint = this.#tables.blueprint(run, this.#tables.dag(run, dag)?.blueprint ?? '')
    const names = (blueprint?.edges ?? []).filter(({ to }) => to === name).map(({ from }) => from)
    return names.flatMap(from => this.#tables.task(taskId(run, dag, from)) ?? [])
  }

  /** I6: an exclusive task starts once, and again only after an end that was recorded or by an operator's word. */
  #checkOnce({ task, epoch }: Body): void {
    const record = this.#tables.task(task)
    const starts = (this.#starts.get(task) ?? 0) + 1
    this.#starts.set(task, starts)
    const resolved = this.#resolved.get(task) ?? 0
    if (record?.effect !== 'exclusive' || starts <= 1 + record.failures + resolved) return
    this.#world.violate('I6', `exclusive ${task} starts for the ${starts}. time (epoch ${epoch})`)
  }

  readonly #resolved = new Map<string, number>()

  /** An operator said that it may run again. */
  noteResolved(task: string): void {
    this.#resolved.set(task, (this.#resolved.get(task) ?? 0) + 1)
  }

  /** I5: two attempts overlap only when the earlier one's process stood still, or an operator evicted it. */
  #checkAlone({ task, epoch, process }: Body): void {
    for (const other of this.#running.get(task) ?? []) {
      const isExcused =
        other.hung ||
        other.process.isDead ||
        other.process.disturbed ||
        this.#evicted.has(other.process.name) ||
        this.#isForNobody(other, epoch)
      if (isExcused) continue
      const who = `${other.process.name} (epoch ${other.epoch})`
      this.#world.violate('I5', `${task} epoch ${epoch} starts on ${process.name} while ${who} still runs it`)
    }
  }

  /** Bodies whose claim is not the current one any more. */
  superseded(): Body[] {
    return [...this.#running.values()].flatMap(bodies =>
      [...bodies].filter(({ task, epoch, process }) => {
        const record = this.#tables.task(task)
        return !process.isDead && (record?.state !== 'claimed' || record.epoch !== epoch)
      }),
    )
  }
}

export function sameClaim(record: TaskRecord | undefined, claim: Claim): boolean {
  return record?.state === 'claimed' && record.epoch === claim.epoch && record.claimId === claim.claimId
}

/** Outputs begin with the task and the epoch of the attempt: see `SimPool`. */
function wasWrittenBy({ dag, name, out, history }: TaskRecord, text: string | undefined): boolean {
  if (out === null || text === undefined) return out === null && text === undefined
  return history.some(({ epoch, end }) => end === 'done' && text.startsWith(`${dag}/${name}#${epoch}(`))
}

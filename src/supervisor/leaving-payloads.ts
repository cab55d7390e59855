/**
 * Before a peer leaves in order: what only it holds and live runs still need is handed on to other peers, so that nothing has to be made again.
 * For a bounded time, and as far as there are peers that take it; what stays behind is told.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { type DagRecord, type PayloadRef, type TaskRecord, TERMINAL_TASK_STATES } from '../lease/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { PayloadStore } from '../payload/payload-store.ts'
import type { WorkflowPlan } from '../workflow/plan.ts'

export interface LeavingPayloadsParts {
  ledger: Pick<Ledger, 'traits' | 'runHeads' | 'run' | 'dags' | 'tasks' | 'noteHolder'>
  payloads: Pick<PayloadStore, 'spread'>
  /** This peer's id. */
  self: string
  /** Whether this peer (id) is there and stays. */
  isStaying: (peer: string) => boolean
  /** Where copies may be kept: peers (ids), the best first. */
  copyPlaces: (hash: string) => string[]
  clock: Clock
  log: Log
  /** Counts changed. */
  onProgress: () => void
}

/** What is to be handed on, and where it is noted who holds it now; nowhere for start data, which the mesh is told of alone. */
interface Leaving {
  ref: PayloadRef
  outputs: { task: string; epoch: number }[]
}

/** A drain waits so long for it at most. */
const HAND_ON_WITHIN_MS = 60_000
/** Payloads under way at a time: each may go to a peer of its own. */
const AT_ONCE = 4
/** Peers to which one payload is given, when those that took it begin to leave meanwhile. */
const MAX_KEEPERS_TRIED = 4
/** With more live runs than this only the newest are looked through. */
const MAX_RUNS = 1000

export class LeavingPayloads {
  /** Of what was found: handed on, and not (yet). */
  readonly counts = { handedOn: 0, leaving: 0, leavingBytes: 0 }
  readonly #parts: LeavingPayloadsParts

  constructor(parts: LeavingPayloadsParts) {
    this.#parts = parts
  }

  /** Resolves when all is handed on that can be, the time is over, or the signal aborts. Never throws. */
  async handOn(signal: AbortSignal): Promise<void> {
    const { ledger, clock, log } = this.#parts
    // They all have the same folder, which stays.
    if (ledger.traits.oneHost) return
    const over = new AbortController()
    const timer = clock.timer(HAND_ON_WITHIN_MS, () => over.abort())
    try {
      const ends = AbortSignal.any([over.signal, signal])
      // A ledger that does not answer is waited for no longer either.
      const leaving = await Promise.race([this.#find(ends), aborted(ends)])
      this.counts.leaving = leaving.length
      this.counts.leavingBytes = leaving.reduce((sum, { ref }) => sum + ref.sizeBytes, 0)
      if (leaving.length === 0) return
      this.#parts.onProgress()
      const next = leaving.values()
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.#handOnEach(next, ends)))
      if (this.counts.leaving > 0) log.warn(LEFT_BEHIND, { ...this.counts })
      else log.info('payloads that runs need were handed on to other peers', { ...this.counts })
    } catch (error) {
      log.warn('it could not be found out which payloads are needed: they stay here', { error })
    } finally {
      timer.cancel()
    }
  }

  /** All of them take from one list. */
  async #handOnEach(leaving: IterableIterator<Leaving>, signal: AbortSignal): Promise<void> {
    for (const one of leaving) {
      if (signal.aborted) return
      if (!(await this.#handOnOne(one, signal))) continue
      this.counts.handedOn += 1
      this.counts.leaving -= 1
      this.counts.leavingBytes -= one.ref.sizeBytes
      this.#parts.onProgress()
    }
  }

  async #handOnOne({ ref, outputs }: Leaving, signal: AbortSignal): Promise<boolean> {
    const { ledger, log } = this.#parts
    const keeper = await this.#keeperOf(ref, signal)
    if (keeper === undefined) return false
    // Found by the mesh as well: who is told nothing here asks around.
    if (outputs.length > 0) {
      await Promise.race([ledger.noteHolder(keeper, outputs), aborted(signal)]).catch((error: unknown) =>
        log.debug('it is not noted who took a payload', { error }),
      )
    }
    return true
  }

  /** Who has it now and stays: of peers that are told to leave at the same time, each would give to the other. */
  async #keeperOf(ref: PayloadRef, signal: AbortSignal): Promise<string | undefined> {
    const { payloads, copyPlaces, isStaying } = this.#parts
    let held = ref
    for (let tries = 0; tries < MAX_KEEPERS_TRIED; tries++) {
      const { length: before } = held.holders
      held = await payloads.spread(held, { copies: before + 1, at: copyPlaces(ref.hash), alsoShared: true }, signal)
      const taken = held.holders.slice(before)
      const keeper = taken.find(isStaying)
      if (keeper !== undefined || taken.length === 0) return keeper
    }
    return undefined
  }

  async #find(signal: AbortSignal): Promise<Leaving[]> {
    const { ledger } = this.#parts
    const found = new Map<string, Leaving>()
    for (const { id } of await ledger.runHeads({ states: ['running'], limit: MAX_RUNS })) {
      // Nobody waits for it any more.
      signal.throwIfAborted()
      const plan = (await ledger.run(id))?.plan
      if (plan === undefined) continue
      const tasks = Map.groupBy(await ledger.tasks(id), ({ dag }) => dag)
      for (const dag of await ledger.dags(id)) {
        for (const one of neededOf(dag, tasks.get(dag.name) ?? [], plan)) {
          if (!this.#isOnlyHere(one.ref)) continue
          const known = found.get(one.ref.hash)
          if (known === undefined) found.set(one.ref.hash, one)
          else known.outputs.push(...one.outputs)
        }
      }
    }
    return [...found.values()]
  }

  #isOnlyHere({ inline, holders }: PayloadRef): boolean {
    const { self, isStaying } = this.#parts
    return inline === null && holders.includes(self) && !holders.some(peer => peer !== self && isStaying(peer))
  }
}

const LEFT_BEHIND =
  'payloads that runs need stay behind: the tasks that made them run again, or fail, unless this peer comes back'

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  if (signal.aborted) reject(signal.reason as Error)
  promise.catch(() => {})
  return promise
}

/** What tasks of this copy may still read: the outputs before them, and the start data. Pure. */
export function neededOf(
  { state, blueprint, data }: Pick<DagRecord, 'state' | 'blueprint' | 'data'>,
  tasks: readonly TaskRecord[],
  plan: WorkflowPlan,
): Leaving[] {
  if (state !== 'running') return []
  const edges = plan.dags.find(({ name }) => name === blueprint)?.edges ?? []
  const open = new Set(tasks.filter(task => !TERMINAL_TASK_STATES.has(task.state)).map(({ name }) => name))
  const withInput = new Set(edges.map(({ to }) => to))
  const read = new Set(edges.flatMap(({ from, to }) => (open.has(to) ? [from] : [])))
  const isFirst = (name: string) => !withInput.has(name)
  const isRead = (name: string) => read.has(name)
  const start = data !== null && [...open].some(isFirst) ? [{ ref: data, outputs: [] }] : []
  const outputs = tasks.flatMap(({ id, name, epoch, out }) =>
    out !== null && isRead(name) ? [{ ref: out, outputs: [{ task: id, epoch }] }] : [],
  )
  return [...start, ...outputs]
}

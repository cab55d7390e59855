/**
 * A death on another host, found sooner than by silence. A peer whose connection was lost and whose port, which answered before, now
 * refuses is gone with its process: a frozen one would still be answered for by its operating system, one that is cut off would not
 * answer at all. Alive after all, it beats as soon as it misses the connection, and its beat makes the burial void.
 *
 * The verdict may be wrong (a firewall that refuses in a peer's name), which costs work done twice, never the ledger: so a session that
 * holds an `exclusive` task is left to the silence, and so are many that are lost at a time.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { watchedBy } from '../lease/decide-supervision.ts'
import type { SessionHead } from '../lease/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Rules } from './rules.ts'

export interface RefusalWatchParts {
  ledger: Pick<Ledger, 'sessionHeads' | 'probe' | 'claimsOf' | 'task' | 'bury'>
  mesh: Pick<Mesh, 'probe' | 'connected'>
  clock: Clock
  log: Log
  rules: Pick<Rules, 'mayBuryRefused'>
  self: () => { session: string; valid: boolean }
  onBuried: (session: SessionHead) => void
}

/** Dials that must be refused one after the other. */
const REFUSALS_IN_A_ROW = 4
/** Between two of them: together they take longer than a live peer needs to beat. */
const REFUSAL_PAUSE_MS = 400
/** Between two tries to find out whether the port of a connected peer can be reached from here at all. */
const CALIBRATE_EVERY_MS = 30_000
/** Connections lost within this time are lost together. */
const TOGETHER_MS = 10_000

export class RefusalWatch {
  readonly #parts: RefusalWatchParts
  readonly #leaving = new AbortController()
  readonly #work = new Set<Promise<void>>()
  /** Sessions whose port answered, and when it was last tried (monotonic). */
  readonly #calibrated = new Map<string, { answers: boolean; atMs: number }>()
  readonly #lostMs = new Map<string, number>()
  readonly #suspects = new Set<string>()
  #sessions: readonly SessionHead[] = []
  /** Those of them that this peer watches: worked out once per look, since many connections may be lost at a time. */
  #watched: readonly SessionHead[] = []

  constructor(parts: RefusalWatchParts) {
    this.#parts = parts
  }

  /** The live sessions, as just read. */
  update(sessions: readonly SessionHead[]): void {
    this.#sessions = sessions
    this.#watched = this.#whomIWatch()
    const live = new Set(sessions.map(({ id }) => id))
    for (const known of [this.#calibrated, this.#lostMs]) {
      for (const id of known.keys()) if (!live.has(id)) known.delete(id)
    }
    const connected = new Set(this.#parts.mesh.connected())
    for (const session of this.#watched) if (connected.has(session.peer)) this.#calibrate(session)
  }

  /** The connection to this peer was lost. */
  lost(peer: string): void {
    const nowMs = this.#parts.clock.monotonicMs()
    for (const { id } of this.#sessions.filter(session => session.peer === peer)) this.#lostMs.set(id, nowMs)
    const session = this.#watched.find(watched => watched.peer === peer)
    if (session === undefined || this.#suspects.has(session.id)) return
    if (this.#calibrated.get(session.id)?.answers !== true) return
    this.#suspects.add(session.id)
    this.#do(() => this.#examine(session).finally(() => this.#suspects.delete(session.id)))
  }

  async stop(): Promise<void> {
    this.#leaving.abort()
    await Promise.all(this.#work)
  }

  #whomIWatch(): SessionHead[] {
    const mine = new Set(
      watchedBy(
        this.#parts.self().session,
        this.#sessions.map(({ id }) => id),
      ),
    )
    return this.#sessions.filter(({ id }) => mine.has(id))
  }

  #calibrate({ id, peer }: SessionHead): void {
    const { clock, mesh } = this.#parts
    const nowMs = clock.monotonicMs()
    const known = this.#calibrated.get(id)
    if (known?.answers === true || (known !== undefined && nowMs - known.atMs < CALIBRATE_EVERY_MS)) return
    this.#calibrated.set(id, { answers: false, atMs: nowMs })
    this.#do(async () => {
      const answers = (await mesh.probe(peer)) === 'answers'
      if (this.#calibrated.has(id)) this.#calibrated.set(id, { answers, atMs: nowMs })
    })
  }

  async #examine({ id, peer, name }: SessionHead): Promise<void> {
    const { ledger, rules, self, log, onBuried } = this.#parts
    const before = await this.#read(id)
    const [verdict] = await ledger.probe([id])
    // Its process holds its lock on this host: it lives.
    if (before === undefined || verdict?.verdict === 'alive') return
    if (!(await this.#isRefused(peer))) return
    const [after, holdsExclusive] = [await this.#read(id), await this.#holdsExclusive(id)]
    if (after === undefined || !self().valid) return
    const evidence = { beatMoved: after.beat !== before.beat, holdsExclusive, ...this.#lostTogether() }
    if (!rules.mayBuryRefused(evidence)) {
      log.debug('a peer that refuses dials is left to the silence', { peer: name, ...evidence })
      return
    }
    if (await ledger.bury(id, before.beat, 'refused', self().session)) onBuried(after)
  }

  async #isRefused(peer: string): Promise<boolean> {
    const { mesh, clock } = this.#parts
    for (let dial = 0; dial < REFUSALS_IN_A_ROW; dial++) {
      if (dial > 0) await clock.sleep(REFUSAL_PAUSE_MS, this.#leaving.signal)
      if (this.#leaving.signal.aborted || (await mesh.probe(peer)) !== 'refused') return false
    }
    return true
  }

  async #read(id: string): Promise<SessionHead | undefined> {
    const [session] = await this.#parts.ledger.sessionHeads([id])
    return session
  }

  async #holdsExclusive(id: string): Promise<boolean> {
    const { ledger } = this.#parts
    const claims = await ledger.claimsOf(id)
    const tasks = await Promise.all(claims.map(({ task }) => ledger.task(task)))
    return tasks.some(task => task?.effect === 'exclusive')
  }

  #lostTogether(): { lost: number; known: number } {
    const sinceMs = this.#parts.clock.monotonicMs() - TOGETHER_MS
    const lost = Array.from(this.#lostMs.values()).filter(atMs => atMs >= sinceMs).length
    return { lost, known: this.#sessions.length - 1 }
  }

  /** What fails here is found by the sweep. */
  #do(work: () => Promise<void>): void {
    const running = work()
      .catch(error => this.#parts.log.debug('a lost peer could not be examined', { error }))
      .finally(() => this.#work.delete(running))
    this.#work.add(running)
  }
}

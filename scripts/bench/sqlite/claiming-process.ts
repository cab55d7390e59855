/**
 * One of the processes of `play-sqlite.ts`: opens the ledger as `lf node` does and works as fast as it is answered, with
 * empty tasks. It says `open`, starts when told to, and answers with all that it measured.
 */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../../src/core/clock.ts'
import { toErrorRecord } from '../../../src/core/errors.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { type ClaimingPeer, decideClaims } from '../../../src/lease/decide-claims.ts'
import type { Claim } from '../../../src/lease/records.ts'
import type { AttemptResult, BeatReport, ClaimedTask, Ledger } from '../../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { LOCAL_TIMING } from '../../../src/supervisor/timing.ts'
import { makeClaimId } from '../../../protocols/ids.ts'
import { type Assignment, type Measured, type Operation, OPERATIONS } from './messages.ts'

const QUEUE = 'task'
const DONE: AttemptResult = { outcome: 'done', out: null, limit: null, skipSuccessors: true, error: null }
/** As in the claim loop. */
const MIN_PEEK = 16
const PEEK_PER_FREE_PLACE = 4

async function main(path: string, session: string, capacity: number): Promise<void> {
  const ledger = await openSqliteLedger({ path, clock: systemClock, random: systemRandom, create: false })
  const self: ClaimingPeer = { session, peer: `peer-of-${session}`, queues: [QUEUE], freeCapacity: capacity }
  await ledger.openSession({
    id: session,
    peer: self.peer,
    name: session,
    host: 'here',
    pid: process.pid,
    kind: 'node',
    ttlMs: LOCAL_TIMING.ttlMs,
    addrs: [],
    queues: [QUEUE],
    capacity,
    version: '0',
    labels: {},
  })
  process.send?.('open')
  const [assignment] = (await once(process, 'message')) as [Assignment]
  const peer = new MeasuringPeer(ledger, self, assignment)
  const measured = await peer.work()
  await ledger.closeSession(session)
  await ledger.close()
  process.send?.(measured, () => process.disconnect())
}

class MeasuringPeer {
  readonly #ledger: Ledger
  readonly #self: ClaimingPeer
  readonly #assignment: Assignment
  readonly #waits: Record<Operation, number[]> = { peek: [], claim: [], complete: [], beat: [] }
  readonly #measured = {
    claimsTried: 0,
    claimsWon: 0,
    completed: [] as string[],
    refused: 0,
    errors: {} as Record<string, number>,
    idleLooks: 0,
  }
  #over = false

  constructor(ledger: Ledger, self: ClaimingPeer, assignment: Assignment) {
    this.#ledger = ledger
    this.#self = self
    this.#assignment = assignment
  }

  async work(): Promise<Measured> {
    const endsAt = performance.now() + this.#assignment.seconds * 1000
    const beating = this.#beat()
    while (performance.now() < endsAt) await this.#round()
    this.#over = true
    await beating
    const waitsMs = Object.fromEntries(
      OPERATIONS.map(name => [name, Float64Array.from(this.#waits[name])]),
    ) as Measured['waitsMs']
    return { session: this.#self.session, waitsMs, ...this.#measured }
  }

  /** Looks, claims what its rank gives it, and completes all of it at once. */
  async #round(): Promise<void> {
    const { others } = this.#assignment
    const limit = Math.max(MIN_PEEK, this.#self.freeCapacity * PEEK_PER_FREE_PLACE)
    const list = await this.#timed('peek', () => this.#ledger.peekReady([QUEUE], limit))
    const ready = list?.tasks ?? []
    const { rankDelayMs } = LOCAL_TIMING
    const { now, later } = decideClaims({ ready, self: this.#self, others, rankDelayMs })
    const [soonest] = later
    if (now.length === 0) {
      this.#measured.idleLooks += 1
      await delay(soonest?.delayMs ?? rankDelayMs)
    }
    const wanted = now.length > 0 ? now : later.map(({ task }) => task)
    const won = wanted.length === 0 ? [] : await this.#claim(wanted)
    await Promise.all(won.map(({ claim }) => this.#complete(claim)))
  }

  async #claim(tasks: readonly string[]): Promise<ClaimedTask[]> {
    const requests = tasks.map(task => ({ task, claimId: makeClaimId(systemRandom) }))
    this.#measured.claimsTried += requests.length
    const won = (await this.#timed('claim', () => this.#ledger.claim(this.#self.session, requests))) ?? []
    this.#measured.claimsWon += won.length
    return won
  }

  async #complete(claim: Claim): Promise<void> {
    const completion = await this.#timed('complete', () => this.#ledger.complete(claim, DONE))
    if (completion?.accepted === true) this.#measured.completed.push(claim.task)
    else if (completion !== undefined) this.#measured.refused += 1
  }

  async #beat(): Promise<void> {
    const report: BeatReport = { busy: 0, connected: [], addrs: [], draining: false }
    for (let beat = 1; !this.#over; beat++) {
      await this.#timed('beat', () => this.#ledger.beat(this.#self.session, beat, report))
      await delay(this.#assignment.beatMs)
    }
  }

  async #timed<T>(operation: Operation, act: () => Promise<T>): Promise<T | undefined> {
    const startedAt = performance.now()
    try {
      return await act()
    } catch (error) {
      const { code } = toErrorRecord(error)
      this.#measured.errors[code] = (this.#measured.errors[code] ?? 0) + 1
      return undefined
    } finally {
      this.#waits[operation].push(performance.now() - startedAt)
    }
  }
}

// Last: the class above must be there.
const [path = '', session = '', capacity = '1'] = process.argv.slice(2)
await main(path, session, Number(capacity))

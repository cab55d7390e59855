/** How late beats are: from the moment when one is due until the ledger, a real one, has taken it. */
import { tmpdir } from 'node:os'
import { systemClock } from '../../src/core/clock.ts'
import { hasCode } from '../../src/core/errors.ts'
import { systemRandom } from '../../src/core/random.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/node/open-ledger.ts'
import { resolveLedger } from '../../src/node/settings.ts'

const EVERY_MS = 50

export class BeatDelays {
  readonly #ledger: Ledger
  readonly #timer: NodeJS.Timeout
  #delays: number[] = []
  #dueMs = performance.now() + EVERY_MS
  #beat = 0
  #isStopped = false

  private constructor(ledger: Ledger, session: string) {
    this.#ledger = ledger
    this.#timer = setInterval(() => void this.#renew(session), EVERY_MS)
  }

  /** `location`: `sqlite:PATH` or `mongodb://…`. */
  static async start(location: string, peer: string): Promise<BeatDelays> {
    const parts = { clock: systemClock, random: systemRandom }
    const ledger = await openLedger(resolveLedger(location, {}, tmpdir()), parts, { create: true })
    const id = systemRandom.hex(16)
    await ledger.openSession({
      id,
      peer,
      name: peer,
      host: 'bench',
      pid: process.pid,
      kind: 'node',
      ttlMs: 60_000,
      addrs: [],
      queues: [],
      capacity: 1,
      version: '0',
      labels: {},
    })
    return new BeatDelays(ledger, id)
  }

  take(): number[] {
    return this.#delays.splice(0)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    await this.#ledger.close()
  }

  async #renew(session: string): Promise<void> {
    const dueMs = Math.min(this.#dueMs, performance.now())
    this.#dueMs = performance.now() + EVERY_MS
    this.#beat += 1
    try {
      await this.#ledger.beat(session, this.#beat, { busy: 0, connected: [], addrs: [], draining: false })
    } catch (error) {
      // One that was on its way when the ledger was closed.
      if (this.#isStopped) return
      // One that nobody answered is as late as that took, at least.
      if (!hasCode(error, 'LF_LEDGER_UNAVAILABLE')) throw error
    }
    this.#delays.push(performance.now() - dueMs)
  }
}

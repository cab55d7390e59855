/** What processes called and were told, as far as later promises depend on it. */
import type { Claim } from '../../src/lease/records.ts'
import type { AttemptResult, ClaimRequest, Completion } from '../../src/ledger/ledger.ts'
import type { RecordingTables } from './recording-tables.ts'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

export class History {
  claimsTried = 0
  claimsWon = 0
  readonly #world: World
  readonly #tables: RecordingTables
  readonly #knowsBurial = new Map<SimProcess, Set<string>>()
  readonly #claimIds = new Set<string>()
  readonly #acknowledged: { claim: Claim; outcome: AttemptResult['outcome'] }[] = []

  constructor(world: World, tables: RecordingTables) {
    this.#world = world
    this.#tables = tables
  }

  get completions(): number {
    return this.#acknowledged.length
  }

  called(process: SimProcess, name: string, args: readonly unknown[]): void {
    if (name !== 'claim') return
    const [session, requests] = args as [string, ClaimRequest[]]
    const fresh = requests.filter(({ claimId }) => !this.#claimIds.has(claimId))
    for (const { claimId } of fresh) this.#claimIds.add(claimId)
    this.claimsTried += fresh.length
    // I4: once it knows that it is buried it claims nothing new for that session. What is under way may be asked for again.
    if (fresh.length === 0 || this.#knowsBurial.get(process)?.has(session) !== true) return
    this.#world.violate('I4', `${process.name} claims for a session that it knows to be buried`)
  }

  answered(process: SimProcess, name: string, args: readonly unknown[], result: unknown): void {
    if (name === 'claim') this.claimsWon += (result as unknown[]).length
    if (name === 'beat' && (result === 'buried' || result === 'evicted')) {
      const known = this.#knowsBurial.get(process) ?? new Set()
      this.#knowsBurial.set(process, known.add(args[0] as string))
    }
    if (name === 'complete' && (result as Completion).accepted) {
      const [claim, { outcome }] = args as [Claim, AttemptResult]
      this.#acknowledged.push({ claim, outcome })
    }
  }

  /** Every completion that a peer was told of is there, once. */
  checkAcknowledged(): void {
    for (const { claim, outcome } of this.#acknowledged) {
      const attempts =
        this.#tables
          .task(claim.task)
          ?.history.filter(({ epoch, claimId }) => epoch === claim.epoch && claimId === claim.claimId) ?? []
      if (attempts.length === 1 && attempts[0]?.end === outcome) continue
      this.#world.violate(
        'acknowledged',
        `${claim.task} epoch ${claim.epoch}: ${outcome} was acknowledged and is not there`,
      )
    }
  }
}

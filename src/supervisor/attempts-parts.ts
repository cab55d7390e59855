/** What the attempts of a peer work with, and whom they tell. */
import type { EventHub } from '../core/events.ts'
import type { PassedTask } from '../ledger/ledger.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { EarlyStartsParts } from './early-starts.ts'
import type { SupervisorEvents } from './events.ts'
import type { HandingOnParts } from './handing-on.ts'
import type { JobHostParts } from './job-host.ts'
import type { Standing } from './lease-rules.ts'
import type { PreparationParts } from './prepare-job.ts'
import type { Rules } from './rules.ts'
import type { Running } from './running.ts'
import type { SupervisorParts } from './supervisor-parts.ts'
import type { Timing } from './timing.ts'

type OfSupervisor = Pick<
  SupervisorParts,
  | 'ledger'
  | 'payloads'
  | 'namedFiles'
  | 'workers'
  | 'clock'
  | 'random'
  | 'log'
  | 'bundleFile'
  | 'scratchOf'
  | 'removeScratch'
  | 'output'
>
type OfHandingOn = Pick<HandingOnParts, 'capacity' | 'claimant' | 'servesNeeds' | 'passOn' | 'onForeseen'>
type OfEarlyStarts = Pick<EarlyStartsParts<Running>, 'announceReady'>
type OfHosts = Pick<JobHostParts, 'resources' | 'joins' | 'copyPlaces'>
type OfPreparation = Pick<PreparationParts, 'isAlive' | 'peer'>

export interface AttemptsParts extends OfSupervisor, OfHandingOn, OfEarlyStarts, OfHosts, OfPreparation {
  mesh: Pick<Mesh, 'publish' | 'peer'>
  events: EventHub<SupervisorEvents>
  timing: Timing
  rules: Pick<Rules, 'findStrays' | 'mayBegin' | 'mayBeginEarly'>
  /** How the peer's session stands now. */
  standing: () => Standing
  /** Something ready appeared here. */
  wakeClaims: () => void
  /** A place became free; `isVain`: it is taken again already, or nothing waited for it a moment ago. */
  refill: (isVain: boolean) => void
  /** How busy this peer is has changed. */
  onLoad: () => void
  /** These were claimed for others, who are to be told. */
  onPassedOn: (passed: readonly PassedTask[]) => void
  /** Something may be claimed for this peer by others. */
  lookAtPassed: () => void
  /** Aborts when the peer leaves for good: nothing waits for the ledger any more. */
  signal: AbortSignal
}

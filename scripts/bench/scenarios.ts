/** What the bench of tasks does, for Lightflow and for those it is compared with: nothing but the cost of having a step. */
export interface Scenario {
  name: 'chain' | 'pure-chain' | 'alternate' | 'pure-alternate' | 'fan' | 'bulk' | 'mixed'
  /** What a reader of the table should know. */
  what: string
  tasks: number
  isChain?: true
}

export const CHAIN_TASKS = 20
/** Of the tasks that alternate. */
export const ALTERNATE_QUEUES = ['odd', 'even'] as const
export const FAN_LANES = 200
/** Fewer where each takes long: the environment reaches the workflow's file, too. */
export const BULK_TASKS = Number(process.env['LF_BENCH_BULK_TASKS'] ?? 5000)
export const MIXED_TASKS = 1000

export const SCENARIOS: readonly Scenario[] = [
  { name: 'chain', what: `${CHAIN_TASKS} tasks, one after the other`, tasks: CHAIN_TASKS, isChain: true },
  { name: 'pure-chain', what: 'the same, declared pure', tasks: CHAIN_TASKS, isChain: true },
  { name: 'alternate', what: `${CHAIN_TASKS} in a row, for two peers in turn`, tasks: CHAIN_TASKS, isChain: true },
  { name: 'pure-alternate', what: 'these, declared pure', tasks: CHAIN_TASKS, isChain: true },
  { name: 'fan', what: `1 task, ${FAN_LANES} after it, 1 after them all`, tasks: FAN_LANES + 2 },
  { name: 'bulk', what: `${BULK_TASKS} tasks that need nothing of each other`, tasks: BULK_TASKS },
  { name: 'mixed', what: `random DAG of ${MIXED_TASKS} tasks`, tasks: MIXED_TASKS },
]

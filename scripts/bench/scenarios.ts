/** What the bench of tasks does, for Lightflow and for those it is compared with: nothing but the cost of having a step. */
export const SCENARIO_NAMES = ['chain', 'pure-chain', 'alternate', 'pure-alternate', 'fan', 'bulk', 'mixed'] as const
export type ScenarioName = (typeof SCENARIO_NAMES)[number]

export interface Scenario {
  name: ScenarioName
  /** What a reader of the table should know. */
  what: string
  tasks: number
  isChain?: true
}

export const CHAIN_TASKS = 20
/** Of the tasks that alternate. */
export const ALTERNATE_QUEUES = ['odd', 'even'] as const
export const FAN_LANES = 200
export const MIXED_TASKS = 1000

const BULK_VARIABLE = 'LF_BENCH_BULK_TASKS'

/** By the environment, which reaches the workflow's file wherever it is loaded. */
export function bulkTasks(): number {
  return Number(process.env[BULK_VARIABLE])
}

/** For this process and those that it starts. */
export function setBulkTasks(count: number): void {
  process.env[BULK_VARIABLE] = String(count)
}

export function scenarios(bulkTasks: number): readonly Scenario[] {
  return [
    { name: 'chain', what: `${CHAIN_TASKS} tasks, one after the other`, tasks: CHAIN_TASKS, isChain: true },
    { name: 'pure-chain', what: 'the same, declared pure', tasks: CHAIN_TASKS, isChain: true },
    { name: 'alternate', what: `${CHAIN_TASKS} in a row, for two peers in turn`, tasks: CHAIN_TASKS, isChain: true },
    { name: 'pure-alternate', what: 'these, declared pure', tasks: CHAIN_TASKS, isChain: true },
    { name: 'fan', what: `1 task, ${FAN_LANES} after it, 1 after them all`, tasks: FAN_LANES + 2 },
    { name: 'bulk', what: `${bulkTasks} tasks that need nothing of each other`, tasks: bulkTasks },
    { name: 'mixed', what: `random DAG of ${MIXED_TASKS} tasks`, tasks: MIXED_TASKS },
  ]
}

/** Tasks that do nothing, one after the other, for two queues in turn. */
import { Dag, FunctionTask } from 'lightflow'
import { ALTERNATE_QUEUES, CHAIN_TASKS } from '../scenarios.ts'

const tasks = Array.from({ length: CHAIN_TASKS }, (_, index) => {
  return new FunctionTask(`hop-${index + 1}`, () => {}, { queue: ALTERNATE_QUEUES[index % 2]! })
})

export const alternate = new Dag('alternate')
alternate.define(tasks.slice(1).map((task, index) => [tasks[index]!, task]))

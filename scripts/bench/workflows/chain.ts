/** Tasks that do nothing, one after the other. */
import { Dag, FunctionTask } from 'lightflow'
import { CHAIN_TASKS } from '../scenarios.ts'

const tasks = Array.from({ length: CHAIN_TASKS }, (_, index) => new FunctionTask(`hop-${index + 1}`, () => {}))

export const chain = new Dag('chain')
chain.define(tasks.slice(1).map((task, index) => [tasks[index]!, task]))

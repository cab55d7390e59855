/** Tasks that do nothing and need nothing of each other. */
import { Dag, FunctionTask } from 'lightflow'
import { bulkTasks } from '../scenarios.ts'

export const bulk = new Dag('bulk')
bulk.define(Array.from({ length: bulkTasks() }, (_, index) => [new FunctionTask(`task-${index + 1}`, () => {})]))

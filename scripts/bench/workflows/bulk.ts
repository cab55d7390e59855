/** Tasks that do nothing and need nothing of each other. */
import { Dag, FunctionTask } from 'lightflow'
import { BULK_TASKS } from '../scenarios.ts'

export const bulk = new Dag('bulk')
bulk.define(Array.from({ length: BULK_TASKS }, (_, index) => [new FunctionTask(`task-${index + 1}`, () => {})]))

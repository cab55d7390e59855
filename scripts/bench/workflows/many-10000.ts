/** A DAG of 10,000 tasks. */
import { manyTasks } from '../many-tasks.ts'

export const many = manyTasks(10_000)

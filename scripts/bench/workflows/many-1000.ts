/** A DAG of 1,000 tasks. */
import { manyTasks } from '../many-tasks.ts'

export const many = manyTasks(1000)

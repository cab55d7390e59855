/** A DAG of 100,000 tasks, as large as one may be. */
import { manyTasks } from '../many-tasks.ts'

export const many = manyTasks(100_000)

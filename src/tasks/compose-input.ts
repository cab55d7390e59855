import { decodeDataset } from '../../protocols/dataset.ts'
import { MultiTaskData } from '../workflow/multi-task-data.ts'
import { TaskData } from '../workflow/task-data.ts'
import type { TaskAttempt } from './task-host.ts'

/**
 * The data that a task begins with: one dataset per input under the name of the task that made it and its slot. A task without
 * inputs gets the start data of its DAG, and without that (also when it was forced to run) one empty dataset, under its own name.
 * Throws `LF_DECODE`.
 */
export function composeInput({ task, inputs, start }: Pick<TaskAttempt, 'task' | 'inputs' | 'start'>): MultiTaskData {
  const data = new MultiTaskData()
  for (const { task: from, slot, bytes } of inputs)
    data.addDataset(from, decodeTaskData(bytes), slot === null ? [] : [slot])
  if (data.size === 0) data.addDataset(task.name, start === null ? new TaskData() : decodeTaskData(start))
  return data
}

function decodeTaskData(bytes: Uint8Array): TaskData {
  const { data, history } = decodeDataset(bytes)
  return new TaskData(data, history)
}
